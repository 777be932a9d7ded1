from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.probes.distributions import normalised, probe
from tests.probes.tree import SITE, interpreter, machine


def found(folder: Path, files: dict[str, str]) -> Distributions:
    host = machine(folder, {f"{SITE}/{path}": text for path, text in files.items()})
    section = probe(host, interpreter())
    assert isinstance(section, Distributions)
    return section


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("tensorflow_cpu-2.21.0.dist-info/METADATA", "tensorflow-cpu", "2.21.0"),
        ("nvidia_cudnn_cu12-9.10.2.21.dist-info/METADATA", "nvidia-cudnn-cu12", "9.10.2.21"),
        ("Keras-2.3.1.dist-info/METADATA", "keras", "2.3.1"),
        ("ruamel.yaml-0.18.dist-info/METADATA", "ruamel-yaml", "0.18"),
        ("tf_nightly-2.23.0.dev20261026.dist-info/METADATA", "tf-nightly", "2.23.0.dev20261026"),
        ("torch-2.5.1+cu124.dist-info/METADATA", "torch", "2.5.1+cu124"),
        ("tensorflow-2.4.1-py3.8.egg-info/PKG-INFO", "tensorflow", "2.4.1"),
        ("numpy-1.26.4.egg-info", "numpy", "1.26.4"),
    ],
)
def test_the_name_of_a_metadata_directory_tells_name_and_version(
    tmp_path: Path, path: str, name: str, version: str
) -> None:
    section = found(tmp_path, {path: "x"})
    assert [(item.name, item.version) for item in section.items] == [(name, version)]
    assert section.broken == ()


def test_a_project_in_development_tells_its_version_inside(tmp_path: Path) -> None:
    section = found(tmp_path, {"keras.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: keras\nVersion: 3.13.0\n"})
    assert [(item.name, item.version) for item in section.items] == [("keras", "3.13.0")]


def test_one_that_tells_none_is_passed_over(tmp_path: Path) -> None:
    assert found(tmp_path, {"keras.egg-info/PKG-INFO": "Version: 1-2\n", "gi.egg-info": ""}) == Distributions(items=())


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("~ensorflow-2.21.0.dist-info/METADATA", "left behind by an interrupted pip"),
        ("~umpy/__init__.py", "left behind by an interrupted pip"),
        ("keras-3.12.0.dist-info/RECORD", "METADATA is missing"),
        ("tensorflow.dist-info/METADATA", "its name holds no version"),
    ],
)
def test_what_is_broken_is_said_and_not_counted(tmp_path: Path, path: str, reason: str) -> None:
    section = found(tmp_path, {path: ""})
    assert section == Distributions(items=(), broken=(f"{SITE}/{path.partition('/')[0]}: {reason}",))


def test_files_that_two_tensorflows_own_are_found(tmp_path: Path) -> None:
    record = (
        "tensorflow/__init__.py,sha256=x,1\ntensorflow/libtensorflow_cc.so.2,,\ntensorflow-2.dist-info/METADATA,,\n"
    )
    names = ("tensorflow", "tensorflow_cpu")
    files = {f"{name}-2.21.0.dist-info/{file}": record for name in names for file in ("RECORD", "METADATA")}
    assert found(tmp_path, files).overwritten == ("tensorflow/__init__.py and 1 more: tensorflow, tensorflow-cpu",)


def test_who_installed_a_framework_is_kept(tmp_path: Path) -> None:
    files = {"tensorflow-2.21.0.dist-info/METADATA": "", "tensorflow-2.21.0.dist-info/INSTALLER": "uv\n"}
    assert found(tmp_path, files).items[0].installer == "uv"


@pytest.mark.parametrize(
    ("name", "normal"), [("Tensor__Flow", "tensor-flow"), ("tf.keras", "tf-keras"), ("JAX", "jax")]
)
def test_names_are_compared_as_the_index_does(name: str, normal: str) -> None:
    assert normalised(name) == normal


def test_without_an_import_path_nothing_can_be_said(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), interpreter(sys_path=(), trouble="it crashed"))
    assert section == Absent(looked=("it crashed",))


def two_cudnns(folder: Path, size: int) -> dict[str, str]:
    """cuDNN for CUDA 12 (3 bytes) and for CUDA 13 (5 bytes) in one folder; what is there has ``size`` bytes."""
    files = {
        "nvidia_cudnn_cu12-9.10.2.21.dist-info/METADATA": "",
        "nvidia_cudnn_cu12-9.10.2.21.dist-info/RECORD": "nvidia/cudnn/lib/libcudnn.so.9,sha256=a,3\n",
        "nvidia_cudnn_cu13-9.20.0.48.dist-info/METADATA": "",
        "nvidia_cudnn_cu13-9.20.0.48.dist-info/RECORD": '"nvidia/cudnn/lib/libcudnn.so.9",sha256=b,5\n',
        "nvidia/cudnn/lib/libcudnn.so.9": "x" * size,
    }
    return found(folder, files).in_place


@pytest.mark.parametrize(("size", "there"), [(3, "nvidia-cudnn-cu12"), (5, "nvidia-cudnn-cu13")])
def test_of_two_wheels_in_one_folder_the_sizes_tell_whose_files_are_there(
    tmp_path: Path, size: int, there: str
) -> None:
    assert two_cudnns(tmp_path, size) == {"cudnn": there}


def test_files_of_neither_are_nobodys(tmp_path: Path) -> None:
    assert two_cudnns(tmp_path, 4) == {}


def test_a_wheel_alone_is_not_asked_about(tmp_path: Path) -> None:
    record = {"nvidia_cudnn_cu12-9.10.2.21.dist-info/RECORD": "nvidia/cudnn/lib/libcudnn.so.9,sha256=a,3\n"}
    section = found(tmp_path, {"nvidia_cudnn_cu12-9.10.2.21.dist-info/METADATA": "", **record})
    assert section.in_place == {}
