"""Which cells are measured where."""

from __future__ import annotations

import pytest

from kdoctor.bench.cells import Wanted, request_for


@pytest.mark.parametrize(
    ("asked", "without_gpu", "sizes"),
    [((), True, {0, 8}), ((), False, {0}), ((64,), True, {64}), ((8, 64), False, {8, 64})],
)
def test_large_images_come_in_small_batches_where_there_is_only_a_cpu(
    asked: tuple[int, ...], *, without_gpu: bool, sizes: set[int]
) -> None:
    wanted = Wanted(workloads=("lenet", "cats-dogs"), batch_sizes=asked)
    request = request_for(wanted, "jax", "cpu", without_gpu=without_gpu)
    assert {cell.batch_size for cell in request.cells} == sizes


def test_several_devices_are_measured_with_the_data_on_them_too() -> None:
    wanted = Wanted(workloads=("lenet",))
    assert [cell.on_device for cell in request_for(wanted, "torch", "all").cells] == [False, True]
    assert [cell.on_device for cell in request_for(wanted, "torch", "gpu:0").cells] == [False]
