"""Feed damaged samples to a parser, and measure the slowest and the memory that stays."""

from __future__ import annotations

import random
import resource
import time
import zlib

import msgspec

from tests.fuzz.damage import damaged
from tests.fuzz.parsers import parsers


class Fuzzed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one parser; ``crashes``: the exception and the input, at most a few."""

    name: str
    inputs: int
    crashes: tuple[tuple[str, bytes], ...]
    slowest_s: float
    slowest_input: bytes
    seconds: float
    grown_bytes: int


SHOWN = 5


def fuzz(name: str, inputs: int, seed: int) -> Fuzzed:
    """Damage and parse so many times; the same seed gives the same inputs."""
    parser = parsers()[name]
    dice = random.Random(zlib.crc32(name.encode()) + seed)  # noqa: S311  reproducible, not secret
    crashes: list[tuple[str, bytes]] = []
    slowest, slowest_input = 0.0, b""
    before, started = _largest_bytes(), time.perf_counter()
    for _ in range(inputs):
        data = damaged(dice, parser.samples)
        began = time.process_time()
        try:
            parser.parse(data)
        except Exception as error:  # noqa: BLE001  whatever escapes a parser is what is looked for
            crashes.append((f"{type(error).__name__}: {error}"[:200], data[:2000]))
        took = time.process_time() - began
        if took > slowest:
            slowest, slowest_input = took, data
    return Fuzzed(
        name=name,
        inputs=inputs,
        crashes=tuple(crashes[:SHOWN]),
        slowest_s=slowest,
        slowest_input=slowest_input,
        seconds=time.perf_counter() - started,
        grown_bytes=_largest_bytes() - before,
    )


def _largest_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
