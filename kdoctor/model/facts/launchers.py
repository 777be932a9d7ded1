"""The other ways into a Python: notebook kernels, and the pip and jupyter that a shell finds first."""

from typing import Literal

import msgspec

from kdoctor.model.facts.base import Section


class Launcher(msgspec.Struct, frozen=True, kw_only=True):
    """``path``: the kernel.json or script; ``python``: the interpreter that it starts, with its ``prefix``.

    ``place``: where a kernel was registered; an environment's own Jupyter prefers that of the environment.
    ``interpreter``: gone (the file does not exist), there, or unclear (another user's, a wrapper script).
    ``frameworks``: Keras and its backends in that prefix; counts only where the interpreter is there.
    ``same``: it is the examined environment.
    """

    kind: Literal["kernel", "pip", "jupyter"]
    name: str
    path: str
    python: str
    interpreter: Literal["there", "gone", "unclear"]
    title: str = ""
    place: Literal["user", "environment", "system", ""] = ""
    prefix: str = ""
    frameworks: tuple[str, ...] = ()
    same: bool = False


class Launchers(Section, frozen=True, kw_only=True):
    """Absent where there is neither a kernel nor a pip."""

    items: tuple[Launcher, ...]

    @property
    def kernels(self) -> tuple[Launcher, ...]:
        """The notebook kernels."""
        return tuple(item for item in self.items if item.kind == "kernel")

    def get(self, kind: str) -> Launcher | None:
        """The pip or jupyter that the shell finds first."""
        return next((item for item in self.items if item.kind == kind), None)
