"""The device nodes under /dev through which CUDA reaches the GPU, and whether this user may open them."""

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
    """``nodes`` may be empty. ``modprobe``: missing ones are made at first use (set-uid nvidia-modprobe, or root)."""

    nodes: tuple[DeviceNode, ...]
    modprobe: bool = False
    user_groups: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the control node, the memory node and that of at least one GPU exist."""
        paths = {node.path for node in self.nodes}
        gpu = any(path.removeprefix("/dev/nvidia").isdecimal() for path in paths)
        return gpu and {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= paths
