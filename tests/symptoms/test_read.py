"""What the reader finds is what trying every pattern on every line finds."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.symptoms.find import FEW
from kdoctor.symptoms.forms import answered
from kdoctor.symptoms.kinds import SAME_NONE, SAME_SIGNS
from kdoctor.symptoms.lines import LONGEST, lines_of
from kdoctor.symptoms.read import KEPT_LINES, Reader
from kdoctor.symptoms.stated import stated_in

PATTERNS = [(row.id, re.compile(row.regex), row.overrides) for row in signatures()] + [
    (row.id, re.compile(row.regex), ()) for row in clues()
]
SAMPLES = [row.sample for row in signatures()] + [row.sample for row in clues()]
VERSIONS = ["tensorflow==2.3.1", "CUDA 10.1, cuDNN 7.6", "GPU: GTX 1050 Ti", "sm_86", "A100 40GB", "python 3.8.10"]
HEAD = "a run of a program that prints what it does and then what comes next " * 4  # so that it begins as text
NOISE = ["step 3 loss: 0.5", "", "Epoch 1/3", "12/99 [==>...] gpu_mem 3MiB"]
WRAPS = ["{}", "> {}", "\x1b[31m{}\x1b[0m", "{}\r", "2024-05-01T10:00:00.1234567Z {}", "x \xe9 {}", "{}\x00"]


def told(data: bytes, *, quick: bool = True, size: int = 1 << 18) -> Symptoms:
    reader = Reader(quick=quick)
    reader.read("log", (data[at : at + size] for at in range(0, len(data), size)))
    return reader.symptoms()


def tried(data: bytes) -> tuple[dict[str, list[int]], set[tuple[str, str]]]:
    """Ids and their lines' numbers, and versions: each pattern on each line."""
    seen: dict[str, list[int]] = {}
    stated: set[tuple[str, str]] = set()
    told = answered("".join(f"{line}\n" for line in lines_of([data])).encode())
    for number, line in enumerate(told.decode().splitlines(), start=1):
        found = {name: hides for name, pattern, hides in PATTERNS if pattern.search(line)}
        hidden = {name for hides in found.values() for name in hides}
        for name in found.keys() - hidden:
            seen.setdefault(name, []).append(number)
        stated.update(stated_in(line))
    return seen, stated


def text_lines() -> st.SearchStrategy[list[str]]:
    line = st.one_of(st.sampled_from(SAMPLES), st.sampled_from(VERSIONS), st.sampled_from(NOISE), st.text(max_size=30))
    wrapped = st.builds(str.format, st.sampled_from(WRAPS), line.map(lambda text: text.replace("{", "(")))
    return st.lists(wrapped, min_size=8, max_size=30).map(lambda lines: [HEAD, *lines])


@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(text_lines())
def test_signs_and_versions_are_those_of_every_pattern_on_every_line(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8", "replace")
    symptoms = told(data)
    seen, stated = tried(data)
    assert {item.id: [line.number for line in item.lines] for item in symptoms.seen} == {
        name: numbers[:KEPT_LINES] for name, numbers in seen.items()
    }
    assert {item.id: item.times for item in symptoms.seen} == {name: len(numbers) for name, numbers in seen.items()}
    assert {(item.of, item.value) for item in symptoms.stated} == stated


@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(text_lines(), st.integers(1, 50))
def test_pieces_and_the_slow_search_change_nothing(lines: list[str], size: int) -> None:
    data = "\n".join(lines).encode("utf-8", "replace")
    assert told(data, size=size) == told(data)
    more = data + b"\n" + b"step\n" * (FEW // 5)
    assert told(more) == told(more, quick=False)


def test_repeated_lines_are_counted_and_what_follows_is_numbered() -> None:
    line = "2024-05-01 12:00:{:02d}: CUDA_ERROR_OUT_OF_MEMORY: out of memory\n"
    steps = [f"{step}/9000 [==>...] gpu_mem {step}MiB\n" for step in range(SAME_NONE * 3)]
    data = "".join(
        [*(line.format(number % 60) for number in range(SAME_SIGNS * 50)), *steps, "No module named 'keras'\n"]
    )
    found = {item.id: item for item in told(data.encode() * 40).seen}
    oom = next(item for item in found.values() if item.times == SAME_SIGNS * 50 * 40)
    assert [place.number for place in oom.lines] == [1, 2, 3, 4]
    missing = next(item for item in found.values() if item.times == 40)
    assert missing.lines[1].number == 2 * data.count("\n")


def test_a_text_that_repeats_nothing_is_numbered_too() -> None:
    chance = random.Random(4)  # noqa: S311  no secret
    lines = ["".join(chance.choices("bdfhjlnvxz", k=30)) for _ in range(60_000)]
    lines[50_000] = "Failed to initialize NVML: Driver/library version mismatch"
    found = told("\n".join(lines).encode()).seen
    assert next((item.times, item.lines[0].number) for item in found) == (1, 50_001)


def test_a_text_beyond_the_beginning_of_a_long_line_is_not_read() -> None:
    sign = b"Failed to initialize NVML: Driver/library version mismatch"
    assert told(b"x" * LONGEST + sign).seen == ()
    assert told(b"x" * 100 + b" " + sign + b"x" * 9_000_000 + b"\nnext").lines == 2


def slow_lines(size: int) -> Iterator[bytes]:
    """Hostile text: what patterns take longest for, never twice the same."""
    parts = ("/dev/nvidia", "is_cuda_build:", "a", " 1", "(", "list_local_devices", "tensorflow ", "gpu is ", "1MiB ")
    chance = random.Random(5)  # noqa: S311  no secret
    while size > 0:
        part = chance.choice(parts)
        line = (part * (LONGEST // len(part)) + "".join(chance.choices("bcd", k=8)))[-LONGEST:] + "\n"
        size -= len(line)
        yield line.encode()


@pytest.mark.slow
def test_time_grows_with_the_size_of_hostile_text_and_not_faster() -> None:
    def seconds(size: int) -> float:
        data = b"".join(slow_lines(size))
        reader = Reader(quick=True)
        started = time.process_time()
        reader.read("log", [data])
        return time.process_time() - started

    seconds(50_000)
    small, large = min(seconds(300_000) for _ in range(3)), seconds(2_400_000)
    assert large < small * 8 * 2.5


@pytest.mark.parametrize(("name", "pattern"), [row[:2] for row in PATTERNS], ids=[row[0] for row in PATTERNS])
def test_no_pattern_takes_long_for_a_line(name: str, pattern: re.Pattern[str]) -> None:
    fills = ("a", " ", "1", ":", "/", "a ", ".0", "/dev/nvidia", "is_cuda_build", "1MiB", "tensorflow ")
    for fill in fills:
        line = (fill * LONGEST)[:LONGEST]
        spent = []
        for _ in range(3):
            started = time.process_time()
            pattern.search(line)
            spent.append(time.process_time() - started)
        assert min(spent) < 0.1, (name, fill)
