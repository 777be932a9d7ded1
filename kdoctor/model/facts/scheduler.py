"""The cluster scheduler that this process runs under, and the GPUs it granted."""

from kdoctor.model.facts.base import Section


class Scheduler(Section, frozen=True, kw_only=True):
    """``gpus_granted``: a count, None where the scheduler does not say."""

    kind: str
    signs: tuple[str, ...]
    gpus_granted: int | None = None
