"""The processor: what compiled frameworks ask of it."""

from kdoctor.model.facts.base import Section


class Cpu(Section, frozen=True, kw_only=True):
    """``flags``: the instruction sets among those that frameworks ask for (sse4_2, avx, avx2, fma, ...)."""

    model: str
    cores: int
    flags: tuple[str, ...]
