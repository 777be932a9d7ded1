"""The device nodes under /dev through which CUDA reaches the GPU, and whether this user may open them."""

from __future__ import annotations

import msgspec

from kdoctor.model.facts.base import Section


class DeviceNode(msgspec.Struct, frozen=True, kw_only=True):
    """``mode`` is octal text such as 0660; ``usable``: this user may read and write."""

    path: str
    mode: str
    owner: str
    group: str
    usable: bool


class DeviceNodes(Section, frozen=True, kw_only=True):
    """``modprobe``: a set-uid nvidia-modprobe, or being root, can make missing nodes at first use."""

    nodes: tuple[DeviceNode, ...]
    modprobe: bool = False
    user_groups: tuple[str, ...] = ()
