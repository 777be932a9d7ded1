"""Which interpreter, environment or root kdoctor looks at, and why it chose that one."""

from kdoctor.model.facts.base import Section


class Examined(Section, frozen=True, kw_only=True):
    """``interpreter`` is "" where none was found; ``chosen_by`` names the option or variable that decided."""

    interpreter: str
    chosen_by: str
    deep: bool = False
