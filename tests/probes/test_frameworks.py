from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.conda import Conda, CondaPackage
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.jax import Jax, JaxPlugin
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.facts.torch import Torch
from kdoctor.model.version import CudaVersion
from kdoctor.probes.frameworks import of_jax, of_tensorflow, of_torch, probe
from tests.probes.tree import machine

CPU_TORCH = Torch(version="2.13.0+cpu", directory="/x/torch")


def tensorflow(version: str, distribution: str = "tensorflow", **more: object) -> Tensorflow:
    fields: dict[str, object] = {"directory": "/x/tensorflow", "is_cuda_build": True, **more}
    return Tensorflow(version=version, distribution=distribution, **fields)  # type: ignore[arg-type]  # of its fields' types


def test_a_wheel_takes_its_cudnn_and_code_from_the_table() -> None:
    build = of_tensorflow(tensorflow("2.20.0", cuda=CudaVersion("12.5.1"), cudnn="9", gpu_code=("compute_90",)))
    assert (build.cuda, build.cudnn, build.gpu_code[-2:]) == (CudaVersion("12.5.1"), "9.3", ("sm_90", "ptx_90"))


def test_an_old_wheel_takes_its_cuda_from_the_table() -> None:
    assert of_tensorflow(tensorflow("1.15.0", "tensorflow-gpu")).cuda == CudaVersion("10.0")


def test_a_release_candidate_takes_what_is_known_of_it() -> None:
    build = of_tensorflow(tensorflow("2.22.0rc0"))
    assert (build.gpu, str(build.cuda), build.gpu_code[0]) == ("cuda", "12.5", "sm_60")


def test_of_a_later_nightly_nothing_is_known() -> None:
    build = of_tensorflow(tensorflow("2.23.0.dev20261026", "tf-nightly"))
    assert (build.gpu, build.cuda, build.cudnn, build.gpu_code) == ("cuda", None, "", ())


def test_a_vendors_build_is_read_from_its_own_files_alone() -> None:
    found = tensorflow("1.15.5+nv22.11", "nvidia-tensorflow", gpu_code=("sm_80", "compute_90"))
    build = of_tensorflow(found)
    assert (build.cuda, build.cudnn, build.gpu_code) == (None, "", ("sm_80", "sm_90", "ptx_90"))


def test_condas_build_keeps_its_own_cudnn() -> None:
    found = tensorflow("2.19.1", "tensorflow (conda)", cuda=CudaVersion("12.8"), cudnn="9", conda_build="cuda128py312")
    assert (of_tensorflow(found).cuda, of_tensorflow(found).cudnn) == (CudaVersion("12.8"), "9")


@pytest.mark.parametrize(
    ("distribution", "conda_build", "gpu"),
    [("tensorflow-cpu", "", "none"), ("tensorflow (conda)", "mkl_py37", "none"), ("tensorflow", "", "unknown")],
)
def test_without_build_info_the_name_decides(distribution: str, conda_build: str, gpu: str) -> None:
    assert of_tensorflow(tensorflow("2.1.0", distribution, is_cuda_build=None, conda_build=conda_build)).gpu == gpu


def test_a_rocm_build_is_one() -> None:
    assert of_tensorflow(tensorflow("2.16.1", "tensorflow-rocm", is_cuda_build=False, is_rocm_build=True)).gpu == "rocm"


@pytest.mark.parametrize(
    ("jaxlib", "conda_build", "expected"),
    [
        ("0.10.2", "", ("none", None)),
        ("0.4.13+cuda11.cudnn86", "", ("cuda", "11")),
        ("0.9.2", "cuda129py312h", ("cuda", "12")),
        ("0.9.2", "cpu_py312h", ("none", None)),
    ],
)
def test_cuda_can_be_in_jaxlib_itself(jaxlib: str, conda_build: str, expected: tuple[str, str | None]) -> None:
    build = of_jax(Jax(version=jaxlib.partition("+")[0], jaxlib=jaxlib), conda_build)
    assert (build.gpu, str(build.cuda) if build.cuda else None) == expected


def test_the_plugins_major_chooses_the_column_of_the_table() -> None:
    for major in (12, 13):
        plugin = JaxPlugin(cuda_major=major, pjrt="0.10.2", kernels="0.10.2", directory="/x/plugin")
        build = of_jax(Jax(version="0.10.2", jaxlib="0.10.2", plugins=(plugin,)), "")
        assert (build.gpu, build.cuda.major if build.cuda else 0, build.facts_from) == ("cuda", major, "/x/plugin")


def test_an_unlisted_jax_has_the_plugins_major_only() -> None:
    plugin = JaxPlugin(cuda_major=12, pjrt="9.9", kernels="9.9")
    build = of_jax(Jax(version="9.9", jaxlib="9.9", plugins=(plugin,)), "")
    assert (build.cuda, build.cudnn, build.gpu_code) == (CudaVersion("12"), "", ())


@pytest.mark.parametrize(
    ("found", "gpu"),
    [
        (CPU_TORCH, "none"),
        (Torch(version="2.13.0+cu130", directory="/x", cuda=CudaVersion("13.0")), "cuda"),
        (Torch(version="2.13.0", directory="/x", hip="6.2"), "rocm"),
        (Torch(version="2.13.0", directory=""), "unknown"),
    ],
)
def test_torch_says_itself_what_it_is(found: Torch, gpu: str) -> None:
    assert of_torch(found).gpu == gpu


def builds(folder: Path, keras: Keras | Absent) -> list[tuple[str, bool]]:
    conda = Conda(packages=(CondaPackage(name="jaxlib", version="0.9.2", build="cpu_py312"),))
    host = machine(folder, {})
    section = probe(host, tensorflow("2.20.0"), Jax(version="0.9.2", jaxlib="0.9.2"), CPU_TORCH, keras, conda)
    assert isinstance(section, Frameworks)
    return [(build.framework, build.active) for build in section.builds]


def test_the_backend_that_keras_uses_comes_first_and_is_active_alone(tmp_path: Path) -> None:
    found = builds(tmp_path, Keras(version="3.12.0", backend="torch"))
    assert found == [("torch", True), ("tensorflow", False), ("jax", False)]


def test_without_keras_any_may_be_meant(tmp_path: Path) -> None:
    assert {active for _, active in builds(tmp_path, Absent())} == {True}


def test_with_a_backend_of_keras_that_is_none_of_ours_none_is_in_use(tmp_path: Path) -> None:
    assert {active for _, active in builds(tmp_path, Keras(version="3.12.0", backend="openvino"))} == {False}


def test_a_backend_that_keras_does_not_have_decides_nothing(tmp_path: Path) -> None:
    assert {active for _, active in builds(tmp_path, Keras(version="3.12.0", backend="theano"))} == {True}


def test_no_framework_is_absent(tmp_path: Path) -> None:
    absent = Absent()
    assert isinstance(probe(machine(tmp_path, {}), absent, absent, absent, absent, absent), Absent)


def test_a_title_is_as_people_write_it() -> None:
    assert Build(framework="jax", version="0.9", distribution="jax", directory="", gpu="none").title == "JAX 0.9"
