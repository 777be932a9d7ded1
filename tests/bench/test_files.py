"""The grid, the CSV and the history."""

from __future__ import annotations

import csv
import io

import pytest

from kdoctor.bench.grid import csv as csv_of
from kdoctor.bench.grid import grid, grids
from kdoctor.bench.history import decoded, encoded, entry, listed
from tests.bench.build import bench, result


def test_the_grid_is_in_the_order_of_batches_and_epochs() -> None:
    results = [
        result(batch_size=128, epochs=5, loss=0.21, accuracy=0.93, time_s=12.345),
        result(batch_size=64, epochs=10, loss=0.05, accuracy=None, time_s=60.0),
        result(batch_size=64, epochs=5, status="oom", time_s=0.0),
    ]
    assert grid(results) == (
        "batch size, epochs, loss, accuracy, time (seconds)\n"
        "64, 5, oom, -, 0.00\n"
        "64, 10, 0.0500, -, 60.00\n"
        "128, 5, 0.2100, 0.9300, 12.35\n"
    )


def test_each_device_and_precision_has_its_own_grid() -> None:
    results = [result(), result(batch_size=128), result(device="cpu"), result(on_device=True)]
    assert list(grids(results)) == [
        "lenet-tensorflow-gpu0-public-float32.txt",
        "lenet-tensorflow-cpu-public-float32.txt",
        "lenet-tensorflow-gpu0-public-float32-on-device.txt",
    ]


def test_the_csv_is_read_back() -> None:
    data = 'a "b", c'
    one = result(data=data)
    rows = list(csv.DictReader(io.StringIO(csv_of([one, result(step_ms=None)]))))
    assert (rows[0]["data"], rows[0]["on_device"], rows[0]["status"]) == (data, "false", "ok")
    assert float(rows[0]["step_ms_median"]) == pytest.approx(10.0)
    assert rows[1]["step_ms_median"] == ""


def test_the_history_keeps_a_line_and_lists_it() -> None:
    one = entry(bench(result(), result(status="oom", step_ms=None)), "2026-11-21T10:15:00Z")
    assert decoded(encoded(one)) == (one,)
    assert list(listed([one])) == [
        "2026-11-21T10:15:00Z  keras 3.12.0, tensorflow 2.20.0, jax 0.7.0, driver 550.54.14  (42 s)",
        "  lenet on tensorflow gpu:0, batch 64: 10 ms a step, 6400 samples/s, ok",
        "  lenet on tensorflow gpu:0, batch 64: oom",
    ]


def test_torn_and_newer_lines_are_left_out() -> None:
    line = encoded(entry(bench(), "2026-11-21T10:15:00Z"))
    newer = line.replace(b'"schema":1', b'"schema":9')
    assert len(decoded(line[:20] + b"\n" + newer + line + b"\xff\n")) == 1


def test_no_history_is_told() -> None:
    assert list(listed([])) == ["No run of kdoctor bench is kept for this user."]


def test_a_run_without_versions_is_listed() -> None:
    one = entry(bench(environment={"python": "3.12"}), "2026-11-21T10:15:00Z")
    assert list(listed([one])) == ["2026-11-21T10:15:00Z  no versions known  (42 s)"]
