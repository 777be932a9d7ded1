"""What the TensorFlow table answers."""

from __future__ import annotations

import pytest
from packaging.version import Version

from kdoctor.knowledge import tensorflow
from kdoctor.model.version import (
    ComputeCapability,
    CudaVersion,
    CudnnVersion,
    DriverRelease,
    PythonVersion,
    SymbolVersion,
)


def test_a_patch_belongs_to_the_row_of_its_minor_version() -> None:
    release = tensorflow.release_of(Version("2.15.0.post1"))
    assert release is not None
    assert (release.cuda, release.cudnn, release.min_driver) == (
        CudaVersion("12.2"),
        CudnnVersion("8.9"),
        DriverRelease("525.60.13"),
    )


def test_a_vendor_build_belongs_to_the_row_of_its_minor_version() -> None:
    release = tensorflow.release_of(Version("2.14.0+nv23.11"))
    assert release is not None
    assert release.cuda == CudaVersion("11.8")


@pytest.mark.parametrize("version", ["1.12.0", "3.0.0"])
def test_a_version_outside_the_table_has_no_row(version: str) -> None:
    assert tensorflow.release_of(Version(version)) is None


def test_the_newest_release_is_the_last_row() -> None:
    assert tensorflow.newest().version == max(row.version for row in tensorflow.releases())


def test_measured_gpu_code_wins_over_declared_code() -> None:
    measured = tensorflow.release_of(Version("2.18.0"))
    declared = tensorflow.release_of(Version("2.16.1"))
    assert measured is not None
    assert declared is not None
    assert measured.gpu_code == ("sm_60", "sm_70", "sm_80", "sm_89", "sm_90", "ptx_90")
    assert declared.gpu_code == ("sm_50", "sm_60", "sm_70", "sm_80", "compute_90")


def test_measured_glibc_wins_over_the_platform_tag() -> None:
    manylinux1 = tensorflow.release_of(Version("1.13.2"))
    assert manylinux1 is not None
    assert (manylinux1.min_glibc_tag, manylinux1.min_glibc) == (SymbolVersion("2.5"), SymbolVersion("2.23"))
    assert manylinux1.min_glibcxx == SymbolVersion("3.4.21")


def test_glibc_comes_from_the_platform_tag_where_nobody_measured() -> None:
    release = tensorflow.release_of(Version("2.16.2"))
    assert release is not None
    assert release.min_glibc == SymbolVersion("2.17")


@pytest.mark.parametrize("version", ["2.16.2", "2.18.0", "2.19.0", "2.20.0", "2.21.0"])
def test_ptx_fails_on_geforce_blackwell(version: str) -> None:
    release = tensorflow.release_of(Version(version))
    assert release is not None
    assert release.ptx_failure(ComputeCapability("12.0")) is not None


def test_ptx_works_on_other_gpus_and_in_older_releases() -> None:
    newer = tensorflow.release_of(Version("2.19.0"))
    older = tensorflow.release_of(Version("2.15.0"))
    assert newer is not None
    assert older is not None
    assert newer.ptx_failure(ComputeCapability("10.0")) is None
    assert older.ptx_failure(ComputeCapability("9.0")) is None


def test_windows_loses_its_gpu_after_2_10() -> None:
    last = [row.version for row in tensorflow.releases() if row.windows_gpu][-1]
    assert last == Version("2.10")


def test_pins_are_those_of_the_exact_patch() -> None:
    assert tensorflow.pins_of(Version("2.14.0"))["numpy"] == ">=1.23.5"
    assert tensorflow.pins_of(Version("2.14.1"))["numpy"] == ">=1.23.5,<2.0.0"


def test_a_patch_outside_the_table_has_no_pins() -> None:
    assert tensorflow.pins_of(Version("2.99.0")) == {}


def test_an_empty_column_is_no_pin() -> None:
    assert "keras" not in tensorflow.pins_of(Version("2.4.1"))


def test_every_patch_of_every_release_has_pins() -> None:
    patches = [patch for row in tensorflow.releases() for patch in row.patches]
    assert [patch for patch in patches if not tensorflow.pins_of(patch)] == []


def test_wheels_are_those_of_the_exact_patch() -> None:
    first, last = tensorflow.wheel_pythons(Version("2.11.0")), tensorflow.wheel_pythons(Version("2.11.1"))
    assert (first[0], last[0]) == (PythonVersion("3.7"), PythonVersion("3.8"))


def test_wheels_of_an_unlisted_patch_are_those_of_its_minor_version() -> None:
    assert tensorflow.wheel_pythons(Version("2.20.9"))[-1] == PythonVersion("3.13")


def test_wheels_of_an_unknown_version_are_none() -> None:
    assert tensorflow.wheel_pythons(Version("9.9")) == ()


def test_tensorflow_cpu_overwrites_tensorflow() -> None:
    assert {"tensorflow", "tensorflow-cpu", "tf-nightly"} <= tensorflow.same_files()


def test_tensorflow_opens_cudnn_but_not_nccl_before_it_registers_a_gpu() -> None:
    assert "cudnn" in tensorflow.gpu_libraries()
    assert "nccl" not in tensorflow.gpu_libraries()
