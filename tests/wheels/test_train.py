"""The child that trains, with each genuine backend on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.model.bench import Cell, Chunk, Done, End, Event, Mode, Peak, Phase, Ready
from kdoctor.model.recipe import Backend
from tests.inside.child import asked, ended, events

pytestmark = pytest.mark.wheels
BACKENDS: dict[Backend, str] = {"tensorflow": "plain", "jax": "jax", "torch": "torch"}
MODES: tuple[Mode, ...] = ("documented", "public", "limit")
WORKLOADS = ("linear", "mlp", "lenet", "imdb-lstm", "stacked-lstm", "cats-dogs")
AGREE = 2e-3  # of the first losses: TensorFlow's gradient of an embedding is sparse, the others' are dense
TOO_MANY = 10**12  # samples in a batch: no memory holds their numbers
PHASES = ["building", "compiling", "warming", "measuring", "evaluating"]
Train = Callable[..., list[Event]]
each_backend = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture
def train(venv: Callable[[str], Path]) -> Train:
    """Events of cells trained by a backend."""

    def run(backend: Backend, *cells: Cell, peaks: bool = False) -> list[Event]:
        python = venv(BACKENDS[backend]) / "bin/python"
        return events(asked(*cells, peaks=peaks), str(python), timeout_s=900)

    return run


def cell(workload: str, backend: Backend, **more: object) -> Cell:
    """A short one."""
    size = 8 if workload == "cats-dogs" else 0
    values = {"device": "cpu", "chunks": 2, "seconds": 0.1, "batch_size": size, **more}
    return Cell(workload=workload, backend=backend, **values)  # type: ignore[arg-type]  # a test's own values


def test_six_workloads_are_right_and_alike_on_three_backends(train: Train) -> None:
    found = {}
    for backend in BACKENDS:
        said = train(backend, *(cell(name, backend) for name in WORKLOADS), peaks=True)
        assert isinstance(said[0], Ready)
        assert said[-1] == End()
        assert {event.kind for event in said if isinstance(event, Peak)} == {"matmul", "copy"}
        for index in range(len(WORKLOADS)):
            assert [event.phase for event in said if isinstance(event, Phase) and event.cell == index] == PHASES
            assert len([event for event in said if isinstance(event, Chunk) and event.cell == index]) >= 2
        found[backend] = ended(said)
    for index, name in enumerate(WORKLOADS):
        for backend, done in found.items():
            assert (name, backend, done[index].status, done[index].detail) == (name, backend, "ok", "")
            assert (done[index].accuracy is None) == (name == "linear")
            assert done[index].first_losses == pytest.approx(found["tensorflow"][index].first_losses, rel=AGREE)


@each_backend
def test_the_regression_agrees_with_float64_in_every_mode(train: Train, backend: Backend) -> None:
    for done in ended(train(backend, *(cell("linear", backend, mode=mode) for mode in MODES))):
        checks = done.checks
        for name in ("weight", "bias", *(f"cost_{step}" for step in (0, 100, 200, 300))):
            assert checks[name] == pytest.approx(checks[f"expected_{name}"], rel=1e-4), name


@each_backend
def test_every_mode_learns_from_the_same_first_steps(train: Train, backend: Backend) -> None:
    done = ended(train(backend, *(cell("mlp", backend, mode=mode, seconds=1.0) for mode in MODES)))
    assert [one.status for one in done] == ["ok"] * 3
    for one in done:
        assert one.first_losses == pytest.approx(done[0].first_losses, rel=1e-4)
        assert one.accuracy is not None
        assert one.accuracy > 0.85


@each_backend
def test_what_fails_in_a_cell_leaves_the_next_alone(train: Train, backend: Backend) -> None:
    cells = (
        cell("no-such", backend),
        cell("mlp", backend, batch_size=TOO_MANY),
        cell("lenet", backend, data="/no/such/mnist.npz"),
        cell("lenet", backend, precision="mixed_float16"),
        cell("lenet", backend, device="gpu:7"),
        cell("linear", backend, rate=1e30),
        cell("linear", backend),
    )
    python_said = ended(train(backend, *cells))
    assert [done.status for done in python_said] == ["skipped", "oom", "failed", "skipped", "skipped", "ok", "ok"]
    assert [bool(done.detail) for done in python_said] == [True] * 5 + [False] * 2
    diverged, right = python_said[5:]
    assert diverged.loss is None
    assert None in diverged.first_losses
    assert diverged.checks["losses_not_finite"]
    assert right.checks["losses_not_finite"] == 0.0


@each_backend
def test_epochs_are_counted_and_each_has_a_loss(train: Train, backend: Backend) -> None:
    cells = [cell("mlp", backend, mode=mode, epochs=2, batch_size=500) for mode in MODES]
    said = train(backend, *cells)
    for index, done in enumerate(ended(said)):
        chunks = [event for event in said if isinstance(event, Chunk) and event.cell == index]
        assert [chunk.steps for chunk in chunks] == [12, 12]
        assert done.losses == tuple(chunk.loss for chunk in chunks)
        assert done.steps == 24


@each_backend
def test_data_on_the_device_and_a_full_run(train: Train, backend: Backend) -> None:
    cells = (
        cell("lenet", backend, on_device=True),
        cell("lenet", backend, on_device=True, mode="documented"),
        cell("cats-dogs", backend, full=True, epochs=1, batch_size=16),
    )
    done = ended(train(backend, *cells))
    assert [(one.status, one.detail) for one in done] == [("ok", "")] * 3


@each_backend
def test_a_batch_is_shared_by_all_devices(train: Train, backend: Backend) -> None:
    cells = [cell("mlp", backend, device="all", mode=mode) for mode in MODES]
    said = train(backend, *cells, cell("mlp", backend, device="all", on_device=True))
    ready = said[0]
    assert isinstance(ready, Ready)
    assert len(ready.devices) >= 2
    documented, public, limit, inside = ended(said)
    alone: Done = ended(train(backend, cell("mlp", backend)))[0]
    by_train_on_batch = "skipped" if backend == "torch" else "ok"
    assert [one.status for one in (documented, public, limit, inside)] == [by_train_on_batch, "ok", "skipped", "ok"]
    assert "one device with PyTorch" in documented.detail or documented.status == "ok"
    for one in (public, inside, *([] if backend == "torch" else [documented])):
        assert one.first_losses == pytest.approx(alone.first_losses, rel=1e-4)
        assert one.checks["communication_s"]


@pytest.mark.parametrize("name", ["keras2-2.15", "plain-2.15"])
def test_older_keras_trains_in_every_mode(venv: Callable[[str], Path], name: str) -> None:
    cells = [cell(workload, "tensorflow", mode=mode) for workload in ("linear", "lenet") for mode in MODES]
    done = ended(events(asked(*cells), str(venv(name) / "bin/python"), timeout_s=600))
    assert [(one.status, one.detail) for one in done] == [("ok", "")] * 6
    assert done[0].checks["weight"] == pytest.approx(done[0].checks["expected_weight"], rel=1e-4)
