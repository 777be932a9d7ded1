"""No parser crashes, hangs or fills the memory, whatever it reads."""

from __future__ import annotations

import pytest

from tests.fuzz.parsers import parsers
from tests.fuzz.run import fuzz

NAMES = tuple(parsers())
ALL = 200_000
FEW = 300
SLOWEST_S = 3.0  # PyYAML takes 0.9 s for brackets without end, however many they are
MOST_BYTES = 200 << 20


def check(name: str, inputs: int, seed: int) -> None:
    """Fuzz one parser."""
    came = fuzz(name, inputs, seed)
    assert came.crashes == ()
    assert came.slowest_s < SLOWEST_S, came.slowest_input[:200]
    assert came.grown_bytes < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read_as_it_is(name: str) -> None:
    """Damage is only of interest in what would be read without it."""
    assert parsers()[name].samples
    for sample in parsers()[name].samples:
        parsers()[name].parse(sample)


@pytest.mark.parametrize("name", NAMES)
def test_a_parser_bears_damage(name: str) -> None:
    """A few inputs on every run."""
    check(name, FEW, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_parser_bears_much_damage(name: str) -> None:
    """200,000 inputs over all parsers."""
    check(name, ALL // len(NAMES) + 1, seed=2)
