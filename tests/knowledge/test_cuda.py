"""What the CUDA table answers."""

from __future__ import annotations

import pytest

from kdoctor.knowledge import cuda, cudnn
from kdoctor.model.version import ComputeCapability, CudaVersion, CudnnVersion, DriverRelease, Soname


def test_a_patch_belongs_to_the_row_of_its_minor_version() -> None:
    row = cuda.toolkit(CudaVersion("12.5.1"))
    assert row is not None
    assert (row.version, row.min_cc, row.max_cc) == (
        CudaVersion("12.5"),
        ComputeCapability("5.0"),
        ComputeCapability("9.0"),
    )


def test_a_toolkit_that_was_never_published_has_no_row() -> None:
    assert cuda.toolkit(CudaVersion("12.7")) is None


def test_sonames_do_not_all_carry_the_number_of_cuda() -> None:
    names = cuda.sonames(CudaVersion("11.2"))
    assert (names["cudart"], names["cufft"], names["cusolver"], names["cublaslt"]) == (
        Soname("libcudart.so.11.0"),
        Soname("libcufft.so.10"),
        Soname("libcusolver.so.11"),
        Soname("libcublasLt.so.11"),
    )


def test_cublaslt_begins_with_10_1() -> None:
    assert "cublaslt" not in cuda.sonames(CudaVersion("10.0"))
    assert "cublaslt" in cuda.sonames(CudaVersion("10.1"))


def test_an_unlisted_minor_version_has_the_sonames_of_its_neighbour() -> None:
    assert cuda.sonames(CudaVersion("13.99")) == cuda.sonames(CudaVersion("13.5"))


def test_an_unlisted_major_has_no_sonames() -> None:
    assert cuda.sonames(CudaVersion("8.0")) == {}


@pytest.mark.parametrize(
    ("version", "minimum"),
    [("10.1", "418.39"), ("11.8", "450.80.02"), ("12.5", "525.60.13"), ("12.7", "525.60.13"), ("13.2", "580.65.06")],
)
def test_minor_version_compatibility_lowers_the_minimum_driver_from_11_on(version: str, minimum: str) -> None:
    assert cuda.minimum_driver(CudaVersion(version)) == DriverRelease(minimum)


def test_the_minimum_driver_of_an_unlisted_major_is_unknown() -> None:
    assert cuda.minimum_driver(CudaVersion("99.0")) is None


@pytest.mark.parametrize(("version", "full"), [("12.5", "555.42.02"), ("12.5.1", "555.42.06"), ("12.4.9", "550.54.14")])
def test_full_support_needs_the_driver_of_the_toolkit(version: str, full: str) -> None:
    assert cuda.full_driver(CudaVersion(version)) == DriverRelease(full)


@pytest.mark.parametrize("version", ["12.7", "13.5"])
def test_a_driver_that_nobody_published_is_unknown(version: str) -> None:
    assert cuda.full_driver(CudaVersion(version)) is None


@pytest.mark.parametrize(("branch", "supported"), [(470, "11.4"), (535, "12.2"), (565, "12.7"), (580, "13.0")])
def test_a_branch_supports_one_cuda_at_most(branch: int, supported: str) -> None:
    assert cuda.cuda_of_branch(branch) == CudaVersion(supported)


def test_an_unlisted_branch_is_unknown() -> None:
    assert cuda.cuda_of_branch(1) is None


def test_a_soname_tells_the_toolkits_that_ship_it() -> None:
    assert cuda.cuda_majors_of(Soname("libcusolver.so.10")) == tuple(map(CudaVersion, ("10.1", "10.2", "11.0")))
    assert {version.major for version in cuda.cuda_majors_of(Soname("libcufft.so.11"))} == {12}


def test_a_soname_of_nobody_has_no_toolkit() -> None:
    assert cuda.cuda_majors_of(Soname("libcublas.so.99")) == ()


@pytest.mark.parametrize(
    ("component", "major", "package", "directory"),
    [
        ("cudart", 11, "nvidia-cuda-runtime-cu11", "nvidia/cuda_runtime/lib"),
        ("cudart", 12, "nvidia-cuda-runtime-cu12", "nvidia/cuda_runtime/lib"),
        ("cudart", 13, "nvidia-cuda-runtime", "nvidia/cu13/lib"),
        ("cublaslt", 12, "nvidia-cublas-cu12", "nvidia/cublas/lib"),
        ("cudnn", 13, "nvidia-cudnn-cu13", "nvidia/cudnn/lib"),
        ("nccl", 13, "nvidia-nccl-cu13", "nvidia/nccl/lib"),
    ],
)
def test_a_component_comes_with_a_pip_package(component: str, major: int, package: str, directory: str) -> None:
    assert (cuda.pip_package(component, major), cuda.pip_directory(component, major)) == (package, directory)


@pytest.mark.parametrize(("component", "major"), [("nvjitlink", 11), ("cudart", 10), ("unheard-of", 12)])
def test_some_components_have_no_pip_package(component: str, major: int) -> None:
    assert cuda.pip_package(component, major) is None
    assert cuda.pip_directory(component, major) is None


@pytest.mark.parametrize(
    ("soname", "component"),
    [
        ("libcudart.so.12", "cudart"),
        ("libcublasLt.so.12", "cublaslt"),
        ("libcudnn_engines_precompiled.so.9", "cudnn"),
        ("libnvrtc-builtins.so.12.5", "nvrtc"),
        ("libnvJitLink.so.12", "nvjitlink"),
        ("libnccl.so.2", "nccl"),
        ("libc.so.6", None),
    ],
)
def test_a_soname_belongs_to_a_component(soname: str, component: str | None) -> None:
    assert cuda.component_of(Soname(soname)) == component


@pytest.mark.parametrize(
    ("version", "capability", "bad"),
    [("9.10.2", "6.1", False), ("9.11.0", "6.1", True), ("9.28", "7.0", True), ("9.28", "7.5", False)],
)
def test_cudnn_without_code_for_old_gpus_is_bad_for_them_alone(version: str, capability: str, *, bad: bool) -> None:
    row = cudnn.bad_for(CudnnVersion(version), ComputeCapability(capability))
    assert (row is not None) == bad


def test_all_bad_ranges_of_a_version_are_found() -> None:
    assert [row.id for row in cudnn.bad_versions(CudnnVersion("9.10.0"))] == ["enum-order-9.10.0", "multi-gpu-matmul"]


def test_cudnn_splits_into_other_libraries_with_each_major() -> None:
    assert Soname("libcudnn_ops_infer.so.8") in cudnn.split_libraries(8)
    assert Soname("libcudnn_graph.so.9") in cudnn.split_libraries(9)
    assert cudnn.split_libraries(99) == ()


def test_a_cudnn_row_tells_its_cuda_majors() -> None:
    row = cudnn.row_of(CudnnVersion("9.12.0"))
    assert row is not None
    assert row.cuda_majors == (12, 13)


def test_an_unlisted_cudnn_has_no_row() -> None:
    assert cudnn.row_of(CudnnVersion("5.1")) is None


@pytest.mark.parametrize(("number", "version"), [(7605, "7.6.5"), (8907, "8.9.7"), (90300, "9.3.0"), (91002, "9.10.2")])
def test_the_number_of_cudnn_changed_its_form_with_9(number: int, version: str) -> None:
    assert cudnn.version_from_number(number) == CudnnVersion(version)
