"""What the frameworks themselves said when they were imported and run (only with --deep)."""

import msgspec

from kdoctor.model.facts.base import Section


class FrameworkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """``gpus`` None: it did not answer, and ``trouble`` says why; ``log``: the last lines that it printed."""

    framework: str
    version: str = ""
    gpus: int | None = None
    devices: tuple[str, ...] = ()
    computed: bool | None = None
    trouble: str = ""
    log: tuple[str, ...] = ()
    seconds: float = 0.0


class FrameworkAnswers(Section, frozen=True, kw_only=True):
    """One row per installed framework; Absent where nobody asked."""

    items: tuple[FrameworkAnswer, ...]
