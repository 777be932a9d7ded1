"""Which GPU a device means, where CUDA's order and NVML's differ."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kdoctor.bench.cells import devices_for
from kdoctor.bench.devices import uuids_of
from kdoctor.model.facts.base import Answered, Unknown
from kdoctor.model.facts.libcuda import CudaDevice, Libcuda
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.trouble import Trouble

FAST, SLOW = "GPU-aaaaaaaa-0000-4000-8000-000000000000", "GPU-bbbbbbbb-0000-4000-8000-000000000000"
INSTANCE = "MIG-cccccccc-0000-5000-8000-000000000000"
TWO = ("CPU:0", "GPU:0", "GPU:1")


def cuda(*uuids: str) -> Libcuda:
    return Libcuda(library="libcuda.so.1", devices=tuple(CudaDevice(name="NVIDIA A100", uuid=uuid) for uuid in uuids))


def nvml(*devices: NvmlDevice) -> Nvml:
    return Nvml(library="libnvidia-ml.so.1", devices=devices)


def gpu(uuid: str, name: str = "NVIDIA A100") -> NvmlDevice:
    return NvmlDevice(index=0, name=name, uuid=uuid)


def mig(*instances: str) -> NvmlDevice:
    return NvmlDevice(index=0, uuid=FAST, mig_enabled=True, mig_devices=instances)


def found(
    *sections: Answered, environ: Mapping[str, str] | None = None, reported: tuple[str, ...] = TWO
) -> tuple[str, ...]:
    return uuids_of({"nvml" if isinstance(one, Nvml) else "libcuda": one for one in sections}, environ or {}, reported)


def test_the_order_is_that_of_cuda() -> None:
    """NVML counts by PCI address: there the slow GPU comes first."""
    assert found(cuda(FAST, SLOW), nvml(gpu(SLOW), gpu(FAST))) == (FAST, SLOW)
    assert found(
        cuda(FAST), nvml(gpu(SLOW), gpu(FAST)), environ={"CUDA_VISIBLE_DEVICES": "1"}, reported=("cuda:0",)
    ) == (FAST,)


@pytest.mark.parametrize("reported", [("CPU:0",), ("GPU:0",), ("GPU:0", "GPU:1", "GPU:2")])
def test_a_backend_that_counts_other_gpus_than_cuda_is_not_guessed_at(reported: tuple[str, ...]) -> None:
    assert found(cuda(FAST, SLOW), reported=reported) == ()


@pytest.mark.parametrize("answer", [cuda(), cuda(FAST, ""), Unknown(reason="cuInit took too long")])
@pytest.mark.parametrize(
    ("listed", "environ", "expected"),
    [
        ((gpu(SLOW), gpu(FAST)), {}, (SLOW, FAST)),
        ((gpu(SLOW, "Tesla K80"), gpu(FAST)), {}, ()),
        ((gpu(SLOW, "Tesla K80"), gpu(FAST)), {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, (SLOW, FAST)),
        ((gpu(SLOW), gpu(FAST)), {"CUDA_VISIBLE_DEVICES": "1,0"}, ()),
        ((gpu(SLOW), gpu("")), {}, ()),
        ((), {}, ()),
    ],
)
def test_without_an_answer_of_cuda_the_order_of_nvml_counts_where_there_can_be_no_other(
    answer: Answered, listed: tuple[NvmlDevice, ...], environ: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert found(answer, nvml(*listed), environ=environ) == expected


def test_the_only_gpu_is_the_one_whatever_is_visible() -> None:
    assert found(nvml(gpu(FAST)), environ={"CUDA_VISIBLE_DEVICES": "0"}, reported=("GPU:0",)) == (FAST,)


def test_a_mig_instance_is_called_as_nvml_calls_it() -> None:
    """A driver without the older function for UUIDs cannot tell an instance from a GPU."""
    untold = "GPU" + INSTANCE[3:]
    assert found(cuda(untold), nvml(mig(INSTANCE)), reported=("GPU:0",)) == (INSTANCE,)
    assert found(cuda(INSTANCE), reported=("GPU:0",)) == (INSTANCE,)


def test_of_several_mig_instances_only_cuda_knows_which_it_takes() -> None:
    assert found(nvml(mig(INSTANCE)), reported=("GPU:0",)) == (INSTANCE,)
    assert found(nvml(mig(INSTANCE, "MIG-other")), reported=("GPU:0",)) == ()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(SLOW, ("gpu:1",)), (SLOW.upper(), ("gpu:1",)), ("GPU-aaaa", ("gpu:0",)), (INSTANCE, ("gpu:2",))],
)
def test_a_device_is_asked_for_by_its_uuid_or_as_much_of_it_as_cuda_needs(asked: str, expected: object) -> None:
    assert devices_for((asked,), (*TWO, "GPU:2"), (FAST, SLOW, INSTANCE)) == expected


@pytest.mark.parametrize("asked", ["GPU-", "GPU-dddd", "MIG-dddd", "a"])
def test_a_uuid_that_names_none_or_two_is_unknown(asked: str) -> None:
    with pytest.raises(Trouble, match="this backend has cpu, gpu:0, gpu:1, all"):
        devices_for((asked,), TWO, (FAST, SLOW))
