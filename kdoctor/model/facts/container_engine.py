"""Container engines of this host, and whether they can pass an NVIDIA GPU in."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """``path``: the daemon, or podman itself; snap: Docker's daemon inside a snap."""

    kind: Literal["docker", "snap", "podman"]
    path: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the current directory that asks for a GPU in a container, by the words that it has.

    ``kind``: device (a compose file that reserves one), runtime (one that names the runtime nvidia), image (a
    Dockerfile that starts from an image for GPUs).
    """

    kind: Literal["device", "runtime", "image"]
    path: str
    words: str


class ContainerEngine(Section, frozen=True, kw_only=True):
    """``toolkit``: programs of the NVIDIA Container Toolkit; ``cdi``: specifications that name nvidia.com/gpu.

    ``registered``: settings in which the runtime nvidia is registered; ``unread``: settings that could not be read.
    ``hooks``: OCI hooks of NVIDIA's.
    """

    engines: tuple[Engine, ...]
    toolkit: tuple[str, ...] = ()
    cdi: tuple[str, ...] = ()
    registered: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()
