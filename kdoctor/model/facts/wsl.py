"""Windows Subsystem for Linux: its version and the GPU that Windows passes in."""

from kdoctor.model.facts.base import Section


class Wsl(Section, frozen=True, kw_only=True):
    """``dxg``: /dev/dxg exists. ``windows_libcuda``: the library that Windows provides, "" if missing.

    ``linux_libraries``: driver libraries of a Linux driver that was installed inside WSL.
    """

    version: int
    dxg: bool
    windows_libcuda: str = ""
    linux_libraries: tuple[str, ...] = ()
