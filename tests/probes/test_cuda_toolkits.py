from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits
from kdoctor.model.version import CudaVersion
from kdoctor.probes.cuda_toolkits import probe, version_of
from tests.probes.tree import environ, interpreter, machine

ROOT = "/usr/local/cuda-12.6"


def found(folder: Path, files: dict[str, str], *, kind: str = "venv", **variables: str) -> tuple[CudaToolkit, ...]:
    section = probe(machine(folder, files), environ(**variables), interpreter(kind))
    assert isinstance(section, CudaToolkits)
    return section.items


@pytest.mark.parametrize(
    ("file", "text", "version"),
    [
        ("version.json", '{"cuda": {"name": "CUDA SDK", "version": "12.6.3"}}', "12.6.3"),
        ("version.json", '{"cuda_nvcc": {"version": "12.6.85"}}', "12.6.85"),
        ("version.json", '{"cuda": 5}', ""),
        ("version.json", "not json", ""),
        ("version.txt", "CUDA Version 10.1.243\n", "10.1.243"),
        ("include/cuda.h", "#define CUDA_VERSION 11080\n", "11.8"),
        ("targets/x86_64-linux/include/cuda.h", "#define CUDA_VERSION 12000\n", "12.0"),
        ("README", "", ""),
    ],
)
def test_the_version_is_read_from_whatever_the_toolkit_has(tmp_path: Path, file: str, text: str, version: str) -> None:
    assert str(version_of(machine(tmp_path, {f"/opt/sdk/{file}": text}), "/opt/sdk") or "") == version


def test_the_directorys_name_is_the_last_resort(tmp_path: Path) -> None:
    items = found(tmp_path, {f"{ROOT}/bin/nvcc": "ELF"})
    assert [(item.version, item.nvcc, item.source) for item in items] == [
        (CudaVersion("12.6"), f"{ROOT}/bin/nvcc", "system")
    ]


def test_a_toolkit_that_only_ld_library_path_names_is_found(tmp_path: Path) -> None:
    files = {"/apps/cuda/11.8/lib64/libcudart.so.11.0": "", "/apps/cuda/11.8/lib64/libcudart.so.11.8.89": ""}
    items = found(tmp_path, files, LD_LIBRARY_PATH="/usr/lib:/apps/cuda/11.8/lib64")
    assert [(item.path, str(item.version), item.found_via, item.cudart) for item in items] == [
        ("/apps/cuda/11.8", "11.8", "$LD_LIBRARY_PATH", ("libcudart.so.11.0",))
    ]


def test_condas_runtime_has_its_version_in_a_file_name(tmp_path: Path) -> None:
    files = {"/home/user/ml/lib/libcudart.so.10.1": "", "/home/user/ml/lib/libcudart.so.10.1.243": ""}
    items = found(tmp_path, files, kind="conda")
    assert [(item.source, str(item.version)) for item in items] == [("conda", "10.1")]


def test_one_toolkit_under_two_names_is_one(tmp_path: Path) -> None:
    files = {f"{ROOT}/version.txt": "CUDA Version 12.6.0", f"{ROOT}/nvvm/libdevice/libdevice.10.bc": ""}
    items = found(tmp_path, files, CUDA_HOME=f"{ROOT}/", PATH=f"/usr/bin:{ROOT}/bin")
    assert [(item.found_via, item.libdevice) for item in items] == [
        ("$CUDA_HOME", f"{ROOT}/nvvm/libdevice/libdevice.10.bc")
    ]


def test_a_script_named_nvcc_is_no_toolkit(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {"/opt/w/bin/nvcc": "#!/bin/sh"}), environ(PATH="/opt/w/bin"), interpreter())
    assert isinstance(section, Absent)


def test_an_nvcc_on_path_leads_to_its_toolkit(tmp_path: Path) -> None:
    items = found(tmp_path, {"/opt/sdk/bin/nvcc": "ELF", "/opt/sdk/bin/ptxas": "ELF"}, PATH="/opt/sdk/bin")
    assert [(item.path, item.ptxas, item.version) for item in items] == [("/opt/sdk", "/opt/sdk/bin/ptxas", None)]
