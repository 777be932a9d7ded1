"""What a terminal shows while cells are measured, at every size, from what was heard alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kdoctor.model.bench import Cell, Chunk, Done, Event, Phase, Result
from kdoctor.render.bench_live import Board, heard, lines, told
from tests.bench.build import cell, chunks, result

Heard = tuple[Cell, "Event | Result"]


def measured(one: Cell, *, steps: Sequence[float] = (0.01,) * 3, ended: Result | None = None) -> list[Heard]:
    """What is heard of a cell, to its end where it has one."""
    said: list[Event | Result] = [Phase(cell=0, phase="building", batch_size=64), *chunks((9.0,))]
    said += [Phase(cell=0, phase="measuring", batch_size=64), *chunks(steps)]
    return [(one, event) for event in (*said, *((ended,) if ended else ()))]


def board(*told_of: Heard, place: str = "tensorflow gpu:0") -> Board:
    """What is known a second after each of these."""
    made = told(Board(), place, 3)
    for second, (one, event) in enumerate(told_of, 1):
        made = heard(made, one, event, float(second))
    return made


def screen(made: Board, now: float = 100.0, *, width: int = 79, height: int = 23) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lines(made, now, width=width, height=height)]


def test_a_finished_cell_and_one_at_work_each_have_a_row() -> None:
    slow = cell(workload="mlp", batch_size=0)
    made = board(*measured(cell(batch_size=0), ended=result(0.02, status="noisy")), *measured(slow))
    assert screen(made) == [
        "device workload state      ms/step samples/s  time",
        "gpu:0  lenet    noisy         20.0      3200  0:06",
        "gpu:0  mlp      measuring     10.0      6400  1:32",
        "1:40 tensorflow gpu:0: 1 of 3 done; mlp measuring, chunk 3",
    ]


def test_what_is_not_as_usual_is_said() -> None:
    one = cell(mode="limit", precision="mixed_bfloat16", epochs=5, on_device=True, rate=0.05)
    row = screen(board((one, Phase(cell=0, phase="warming"))), width=120)[1]
    assert row.startswith("gpu:0  lenet       64 bfloat16, limit, 5 epochs, data on the device, rate 0.05 warming ")


def test_backends_are_named_where_there_are_several() -> None:
    made = board(*measured(cell(), ended=result()), *measured(cell(backend="jax")))
    assert [line[:16] for line in screen(made)[1:3]] == ["tensorflow gpu:0", "jax gpu:0       "]


def test_before_anything_is_heard_it_says_what_is_begun() -> None:
    assert screen(Board(), 0.5) == ["0:00 looking at the environment"]
    assert screen(told(Board(), "jax", 0), 2) == ["0:02 jax: starting"]
    assert screen(told(Board(), "jax cpu", 4), 61) == ["1:01 jax cpu: 0 of 4 done; starting"]


def test_a_cell_that_ended_without_an_event_has_its_row_too() -> None:
    crashed = result(status="crashed", step_ms=None, samples_per_s=None)
    assert screen(board((cell(), crashed)))[1] == "gpu:0  lenet       64 crashed          -         -  0:00"


def test_the_end_that_the_child_tells_waits_to_be_judged() -> None:
    made = board(*measured(cell()), (cell(), Phase(cell=0, phase="evaluating")), (cell(), Done(cell=0, status="ok")))
    assert "evaluating" in screen(made)[1]


def test_a_batch_that_is_not_known_gives_no_speed() -> None:
    said: list[Event] = [Phase(cell=0, phase="measuring"), *chunks((0.01,)), *chunks((0.0,))]
    made = board(*((cell(batch_size=0), event) for event in said))
    assert screen(made)[1].split() == ["gpu:0", "lenet", "measuring", "5.00", "-", "1:39"]


def test_chunks_without_time_or_steps_do_no_harm() -> None:
    odd = Chunk(cell=0, steps=0, seconds=0.0, cpu_s=0.0, loss=None)
    made = board((cell(), Phase(cell=0, phase="measuring")), (cell(), odd), *((cell(), one) for one in chunks((0.0,))))
    assert screen(made)[1].split()[-4:] == ["measuring", "0.0000", "-", "1:39"]


@pytest.mark.parametrize("height", [1, 2, 3, 12, 24])
@pytest.mark.parametrize("width", [0, 5, 20, 39, 60, 79, 200])
def test_it_fits_and_the_latest_rows_stay(width: int, height: int) -> None:
    many = [event for batch in range(1, 301) for event in measured(cell(batch_size=batch), ended=result())]
    made = board(*many, *measured(cell(workload="stacked-lstm", mode="documented", precision="mixed_bfloat16")))
    shown = screen(made, 5000.0, width=width, height=height)
    assert len(shown) == (1 if height < 3 else height)
    assert max(map(len, shown)) <= width
    if height > 2 and width >= 20:
        assert shown[-2].removeprefix("gpu:0").split()[0] == "stacked-lstm"


def test_the_narrow_keep_what_tells_rows_apart() -> None:
    made = board(*measured(cell(batch_size=16), ended=result()), *measured(cell(batch_size=64)))
    assert screen(made, width=39) == [
        "workload batch state      ms/step",
        "lenet       64 ok            10.0",
        "lenet       64 measuring     10.0",
        "1:40 tensorflow gpu:0: 1 of 3 done;",
    ]


def test_only_the_state_is_coloured() -> None:
    made = board(*measured(cell(), ended=result()), *measured(cell()))
    _, first, second, _ = lines(made, 100.0, width=79, height=23)
    assert [style for _, style in first if style] == ["green"]
    assert [(text.strip(), style) for text, style in second if style] == [("measuring", "cyan")]


def test_nothing_that_was_heard_steers_the_terminal() -> None:
    evil = cell(workload="\x1b[2J", device="\x1b]0;x\x07")
    made = board(*measured(evil), place="\x1b[31m")
    assert not any("\x1b" in line for line in screen(made))
