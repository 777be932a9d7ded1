"""Trouble planted in a copy of the training child: kdoctor bench has to name it, on genuine backends."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from kdoctor.bench import measure as measuring
from kdoctor.bench.results import runs_of
from kdoctor.bench.runs import Measured, Run
from kdoctor.bench.verdicts import verdicts
from kdoctor.host.live import LiveHost
from kdoctor.model.bench import Cell, Request, Verdict
from kdoctor.model.recipe import Backend
from tests.inside.child import INSIDE

pytestmark = pytest.mark.wheels
BACKENDS: dict[Backend, str] = {"tensorflow": "plain", "jax": "jax", "torch": "torch"}
WIDE = Path(__file__).parent / "planted/wide.py"
each_backend = pytest.mark.parametrize("backend", BACKENDS)
Runs = Callable[[LiveHost, tuple[Cell, ...]], tuple[Run, ...]]


class Child:
    """A copy of what trains, to be changed."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where the copy is to be."""
        self.folder = folder
        shutil.copytree(INSIDE, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def plant(self, file: str, before: str, after: str) -> None:
        """Change one place of it."""
        path = self.folder / "training" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, before
        path.write_text(text.replace(before, after), encoding="utf-8")

    def measured(self, host: LiveHost, *cells: Cell) -> tuple[Run, ...]:
        """The cells of one device."""
        request = Request(backend=cells[0].backend, device=cells[0].device, cells=cells, peaks=False)
        talks = measuring.measure(host, request, lambda *_: None, timeout_s=300)
        return tuple(run for talk in talks for run in runs_of(talk.request, talk.events, talk.heard))


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """The copy, which kdoctor runs."""
    made = Child(tmp_path / "inside")
    monkeypatch.setattr(measuring, "INSIDE", made.folder)
    return made


@pytest.fixture
def host(venv: Callable[[str], Path], backend: Backend) -> LiveHost:
    """The machine, with the environment of that backend."""
    return LiveHost(examined=str(venv(BACKENDS[backend]) / "bin/python"))


def on_several(child: Child, host: LiveHost, one: Cell) -> Verdict:
    """What is said of the same training on one CPU and on logical devices of it.

    What is planted is many times what else goes on here: noisy cells are judged as well.
    """
    several = replace(one, device="all")
    runs = child.measured(host, one) + child.measured(host, several, replace(several, on_device=True))
    assert {run.result.status for run in runs} <= {"ok", "noisy"}, [run.result.notes for run in runs]
    quiet = tuple(replace(run, result=replace(run.result, status="ok")) for run in runs)
    found = [one for one in verdicts(Measured(runs=quiet)) if one.name == "several-devices-slower"]
    assert found, runs
    return found[0]


@each_backend
def test_a_slow_input_is_named(child: Child, host: LiveHost, backend: Backend) -> None:
    slow = '        if self.asked["device"] == "all" and not self.asked["on_device"]:\n'
    slow += '            batches.change = lambda x: __import__("time").sleep(0.05) or x\n'
    child.plant("cell.py", '        if self.asked["on_device"]:\n', slow + '        if self.asked["on_device"]:\n')
    said = on_several(child, host, Cell(workload="mlp", backend=backend, device="cpu", seconds=2.0))
    assert "goes to the input" in said.why, said


@each_backend
def test_a_slow_exchange_is_named(child: Child, host: LiveHost, backend: Backend) -> None:
    if backend == "tensorflow":  # whose exchange of so much is fast on one CPU
        across = "across = tf.distribute.ReductionToOneDevice()\n"
        slow = "        once = across.batch_reduce_implementation\n\n        def late(*arguments):\n"
        slow += '            wait = tf.numpy_function(lambda: __import__("time").sleep(0.05) or 0, [], tf.int64)\n'
        slow += "            with tf.control_dependencies([wait]):\n                return once(*arguments)\n\n"
        slow += "        across.batch_reduce_implementation = late\n"
        child.plant("tensorflow_backend.py", across, across + slow)
    shutil.copy(WIDE, child.folder / "workloads/wide.py")
    said = on_several(child, host, Cell(workload="wide", backend=backend, device="cpu", seconds=2.0))
    assert "goes to synchronising weights" in said.why, said
    assert said.evidence[-1].startswith("exchanging the gradients alone: ")


@pytest.mark.parametrize("backend", ["torch"])
def test_a_rank_that_fails_or_dies_costs_its_cell(child: Child, host: LiveHost) -> None:
    own = "        if self.backend.ranks is not None and self.backend.ranks.rank == 1:\n"
    own += '            if self.asked["seed"] == 1:\n                raise MemoryError("planted: out of memory")\n'
    own += (
        '            if self.asked["seed"] == 2:\n                __import__("os").kill(__import__("os").getpid(), 9)\n'
    )
    child.plant("cell.py", '        self.phase("measuring")\n', own + '        self.phase("measuring")\n')
    cells = [
        Cell(workload="mlp", backend="torch", device="all", chunks=2, seconds=0.1, seed=seed) for seed in (1, 2, 0)
    ]
    found = [run.result for run in child.measured(host, *cells)]
    assert [result.status for result in found[:2]] == ["oom", "crashed"], found
    assert "planted" in " ".join(found[0].notes)
    assert found[2].status in ("ok", "noisy")
