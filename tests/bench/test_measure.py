"""Children that train: whatever becomes of one, the other cells are measured and each says what became of it."""

from __future__ import annotations

import _thread
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from kdoctor.bench.measure import Talk, measure
from kdoctor.bench.results import runs_of
from kdoctor.model.bench import Cell, Event, Request, Result
from tests.bench.stand_in import host
from tests.processes import is_alive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
ALL_WELL = "ready()\nfor index in range(len(cells)):\n    chunks(index); done(index)\nsay('end')\n"


def asked(*workloads: str) -> Request:
    """A cell for each workload on the CPU."""
    cells = tuple(Cell(workload=name, backend="jax", device="cpu", batch_size=64) for name in workloads)
    return Request(backend="jax", device="cpu", cells=cells)


def heard(folder: Path, body: str, *workloads: str, timeout_s: float = 20.0) -> tuple[tuple[Talk, ...], list[Result]]:
    """What children said, and the results of all cells."""
    talks = measure(host(folder, body), asked(*workloads), lambda *_: None, timeout_s=timeout_s)
    results = [run.result for talk in talks for run in runs_of(talk.request, talk.events, talk.heard)]
    return talks, results


def statuses(results: list[Result]) -> list[tuple[str, str]]:
    return [(result.workload, "ok" if result.status == "noisy" else result.status) for result in results]


def test_all_cells_of_a_child_that_does_well(tmp_path: Path) -> None:
    talks, results = heard(tmp_path, ALL_WELL, "mlp", "lenet")
    assert statuses(results) == [("mlp", "ok"), ("lenet", "ok")]
    assert (len(talks), talks[0].heard.ending, len(results[0].raw)) == (1, "ended", 25)


def test_a_crash_costs_one_cell(tmp_path: Path) -> None:
    body = ALL_WELL.replace(
        "chunks(index);", "chunks(index)\n    if cells[index]['workload'] == 'lenet': os.abort()\n   "
    )
    talks, results = heard(tmp_path, body, "mlp", "lenet", "imdb-lstm")
    assert statuses(results) == [("mlp", "ok"), ("lenet", "crashed"), ("imdb-lstm", "ok")]
    assert (len(talks), any("SIGABRT" in note for note in results[1].notes)) == (2, True)


def test_a_hang_costs_one_cell_and_its_time(tmp_path: Path) -> None:
    body = ALL_WELL.replace(
        "chunks(index);", "chunks(index)\n    if cells[index]['workload'] == 'mlp': time.sleep(60)\n   "
    )
    started = time.monotonic()
    _, results = heard(tmp_path, body, "mlp", "lenet", timeout_s=1.0)
    assert statuses(results) == [("mlp", "timeout"), ("lenet", "ok")]
    assert time.monotonic() - started < 15


def test_a_child_that_never_starts_is_not_started_again(tmp_path: Path) -> None:
    talks, results = heard(tmp_path, "raise ImportError('no keras')", "mlp", "lenet")
    assert (len(talks), statuses(results)) == (1, [("mlp", "crashed"), ("lenet", "skipped")])
    assert "no keras" in results[0].notes[-1]


def test_noise_and_lines_of_other_schemas_are_not_taken_for_events(tmp_path: Path) -> None:
    odd = "print('hello'); print('{\"event\": \"chunk\", \"cell\": 99}'); print('{'); print('x' * 100000)\n"
    far = "say('chunk', cell=99, steps=1, seconds=1.0, cpu_s=1.0, loss=0.0)\nsay('phase', cell=-1, phase='measuring')\n"
    _, results = heard(tmp_path, odd + far + ALL_WELL, "mlp")
    assert statuses(results) == [("mlp", "ok")]


def test_ctrl_c_keeps_what_was_measured_and_leaves_no_child(tmp_path: Path) -> None:
    body = "ready()\nchunks(0); done(0, memory_bytes=os.getpid())\n"
    body += "say('phase', cell=1, phase='building')\ntime.sleep(60)\n"
    request, pids = asked("mlp", "lenet"), []

    def hear(_: Cell, event: Event | Result) -> None:
        pids.append(getattr(event, "memory_bytes", 0))
        if getattr(event, "phase", "") == "building":
            threading.Timer(0.2, _thread.interrupt_main).start()

    talks = measure(host(tmp_path, body), request, hear, timeout_s=20)
    (talk,) = talks
    results = [run.result for run in runs_of(talk.request, talk.events, talk.heard)]
    assert statuses(results) == [("mlp", "ok"), ("lenet", "interrupted")]
    assert not is_alive(max(pids))


def test_other_work_on_the_machine_is_seen(tmp_path: Path) -> None:
    """The test itself burns a core while the cell is measured."""
    stop = time.monotonic() + 3

    def hear(_: Cell, event: Event | Result) -> None:
        while getattr(event, "phase", "") == "measuring" and time.monotonic() < stop:
            os.getpid()

    talks = measure(host(tmp_path, ALL_WELL), asked("mlp"), hear, timeout_s=20)
    (beside,) = talks[0].heard.beside.values()
    assert beside.load_per_core is not None
    assert beside.load_per_core > 0.3 / (os.cpu_count() or 1)


def test_who_listens_hears_what_became_of_each_cell(tmp_path: Path) -> None:
    body = ALL_WELL.replace(
        "chunks(index);", "chunks(index)\n    if cells[index]['workload'] == 'lenet': os.abort()\n   "
    )
    ends: list[Result] = []

    def hear(_: Cell, event: Event | Result) -> None:
        ends.extend([event] if isinstance(event, Result) else [])

    talks = measure(host(tmp_path, body), asked("mlp", "lenet", "imdb-lstm"), hear, timeout_s=20)
    assert ends == [run.result for talk in talks for run in runs_of(talk.request, talk.events, talk.heard)]
    assert statuses(ends) == [("mlp", "ok"), ("lenet", "crashed"), ("imdb-lstm", "ok")]
