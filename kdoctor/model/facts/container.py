"""Whether this is a container, and what it was given of the GPU."""

from kdoctor.model.facts.base import Section


class Container(Section, frozen=True, kw_only=True):
    """``gpu_asked_by``: what shows that a GPU was asked for ("" if nothing does)."""

    kind: str
    signs: tuple[str, ...]
    gpu_asked_by: str = ""
    driver_mounts: tuple[str, ...] = ()
