"""What kdoctor expects each framework to say about GPUs, from files and the driver's own answers alone."""

import msgspec

from kdoctor.model.facts.base import Section


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """``gpus``: how many the framework will list, None if that cannot be told; ``because`` says why."""

    framework: str
    gpus: int | None
    because: str


class Prediction(Section, frozen=True, kw_only=True):
    """One row per framework."""

    items: tuple[Expected, ...]
