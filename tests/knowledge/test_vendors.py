from __future__ import annotations

import pytest
from packaging.version import Version

from kdoctor.knowledge import cuda, tensorflow, vendors
from kdoctor.model.facts.pci import PciDevice
from kdoctor.model.version import CudaVersion, PythonVersion


@pytest.mark.parametrize(
    ("metal", "first_bad"), [("1.0.0", "2.18"), ("1.1.0", "2.18"), ("1.2.0", "2.20"), ("1.3.0", None), ("2.0", None)]
)
def test_a_plugin_stops_loading_at_a_release_of_tensorflow(metal: str, first_bad: str | None) -> None:
    assert vendors.metal_limit(Version(metal)) == (Version(first_bad) if first_bad else None)


@pytest.mark.parametrize(
    ("vendor", "name", "driver", "build"),
    [
        ("AMD", "Navi 31 [Radeon RX 7900 XTX]", "amdgpu", "ROCm"),
        ("AMD", "", "amdgpu", "ROCm"),
        ("AMD", "Caicos [Radeon HD 6450]", "radeon", ""),
        ("AMD", "Navi 31 [Radeon RX 7900 XTX]", "vfio-pci", ""),
        ("Intel", "DG2 [Arc A770]", "xe", "XPU"),
        ("Intel", "Ponte Vecchio XT (1 Tile) [Data Center GPU Max 1100]", "i915", "XPU"),
        ("Intel", "Raptor Lake-P [Iris Xe Graphics]", "i915", ""),
        ("NVIDIA", "GA106 [GeForce RTX 3060]", "nvidia", ""),
    ],
)
def test_a_card_needs_its_kernel_driver_and_a_name_that_fits(vendor: str, name: str, driver: str, build: str) -> None:
    device = PciDevice(address="0", vendor_id="0", device_id="0", vendor=vendor, name=name, kernel_driver=driver)
    row = vendors.other_gpu(device)
    assert (row.build if row else "") == build


@pytest.mark.parametrize(
    ("cusparse", "needed"),
    [("12.0.0.76", None), ("12.1.0.106", "12.1"), ("12.3.1.170", "12.4"), ("12.5.3.3", "12.5"), ("12.6.3.3", "12.9")],
)
def test_libcusparse_between_two_rows_needs_what_the_older_says(cusparse: str, needed: str | None) -> None:
    assert cuda.nvjitlink_for(CudaVersion(cusparse)) == (CudaVersion(needed) if needed else None)


def test_wheels_of_one_soname_in_one_folder_overwrite_each_other() -> None:
    assert set(cuda.shared_folder("cudnn")) == {"11", "12", "13"}
    assert set(cuda.shared_folder("cusolver")) == {"11", "12"}
    assert [cuda.shared_folder(name) for name in ("cublas", "cusparse", "nvcc", "no such")] == [{}, {}, {}, {}]


@pytest.mark.parametrize(
    ("python", "release"), [("3.10.12", "2.14"), ("3.11.9", "2.15"), ("3.12.3", "2.15"), (None, "2.14")]
)
def test_the_extra_of_2_14_ends_at_python_3_10(python: str | None, release: str) -> None:
    row = tensorflow.release_of(Version("2.14.1"))
    assert row is not None
    there = tensorflow.installable_from(row, PythonVersion(python) if python else None)
    assert there.version == Version(release)
