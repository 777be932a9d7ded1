"""One requirement of the user's, e.g. ``driver>=535``, and what was seen of it; only where one was asked for."""

from kdoctor.model.facts.base import Section
from kdoctor.model.finding import Evidence


class Requirement(Section, frozen=True, kw_only=True):
    """``met``: None where it cannot be told, and ``unknown`` says why.

    ``title`` is the subject in words, ``needed`` the rest (">=535"), ``by`` the option or file that asks for it.
    ``seen``: the values that were compared, none where the thing is not there. ``install``: what pip is to be given.
    """

    text: str
    name: str
    title: str
    needed: str
    by: str
    met: bool | None = None
    seen: tuple[Evidence, ...] = ()
    unknown: str = ""
    install: str = ""

    @property
    def values(self) -> str:
        """What was seen, in one line."""
        return ", ".join(dict.fromkeys(item.value for item in self.seen)) or "none"


def gpu_required(requirement: object) -> bool:
    """Whether a section says that a GPU is expected here, which is then not there."""
    return isinstance(requirement, Requirement) and requirement.name == "gpu" and requirement.met is not True
