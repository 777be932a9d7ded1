from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.conda import Conda, CondaInstallation, CondaPackage
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.system import System
from kdoctor.model.version import CudaVersion, SymbolVersion
from kdoctor.probes.conda import probe, virtual_packages
from tests.probes.tree import PREFIX, environ, interpreter, machine

SYSTEM = System(os="linux", machine="x86_64", kernel="6.8.0-48-generic", glibc=SymbolVersion("2.39"))
DRIVER = Libcuda(library="/x/libcuda.so", cuda=CudaVersion("12.4"))


def found(folder: Path, files: dict[str, str], **variables: str) -> Conda:
    section = probe(machine(folder, files), interpreter("conda"), environ(**variables), SYSTEM, Absent())
    assert isinstance(section, Conda)
    return section


@pytest.mark.parametrize(
    ("name", "record", "package"),
    [
        (
            "tensorflow-base-2.19.1-cuda128py312h_201.json",
            '{"channel": "https://conda.anaconda.org/conda-forge/linux-64"}',
            CondaPackage(name="tensorflow-base", version="2.19.1", build="cuda128py312h_201", channel="conda-forge"),
        ),
        (
            "tensorflow-2.1.0-mkl_py37h80a91df_0.json",
            '{"channel": "https://repo.anaconda.com/pkgs/main/linux-64"}',
            CondaPackage(name="tensorflow", version="2.1.0", build="mkl_py37h80a91df_0", channel="pkgs/main"),
        ),
        ("numpy-1.26.4-py312_0.json", "not json", CondaPackage(name="numpy", version="1.26.4", build="py312_0")),
    ],
)
def test_a_record_tells_build_and_channel(tmp_path: Path, name: str, record: str, package: CondaPackage) -> None:
    assert found(tmp_path, {f"{PREFIX}/conda-meta/{name}": record}).packages == (package,)


def test_other_packages_are_counted_only(tmp_path: Path) -> None:
    files = dict.fromkeys((f"{PREFIX}/conda-meta/zlib-1.3-h_0.json", f"{PREFIX}/conda-meta/history"), "")
    section = found(tmp_path, files)
    assert (section.packages, section.package_count, section.prefix) == ((), 1, PREFIX)


@pytest.mark.parametrize(
    ("files", "variables", "expected"),
    [
        (
            {"/opt/conda/conda-meta/conda-24.1-py312_0.json": ""},
            {"CONDA_EXE": "/opt/conda/bin/conda"},
            CondaInstallation(tool="miniconda", root="/opt/conda"),
        ),
        (
            {"/home/user/miniforge3/conda-meta/conda-24.1-py312_0.json": ""},
            {},
            CondaInstallation(tool="miniforge", root="/home/user/miniforge3"),
        ),
        (
            {},
            {"MAMBA_EXE": "/home/user/bin/micromamba", "MAMBA_ROOT_PREFIX": "/home/user/m"},
            CondaInstallation(tool="micromamba", root="/home/user/m"),
        ),
        ({"/home/user/.pixi/envs/x/y": ""}, {}, CondaInstallation(tool="pixi", root="/home/user/.pixi")),
    ],
)
def test_the_members_of_the_family_are_told_apart(
    tmp_path: Path, files: dict[str, str], variables: dict[str, str], expected: CondaInstallation
) -> None:
    assert found(tmp_path, files, **variables).installations == (expected,)


def test_no_sign_of_conda_is_absent(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {}), interpreter(), environ(), SYSTEM, Absent()), Absent)


@pytest.mark.parametrize(
    ("variables", "cuda"),
    [({}, "12.4"), ({"CONDA_OVERRIDE_CUDA": "11.8"}, "11.8"), ({"CONDA_OVERRIDE_CUDA": ""}, None)],
)
def test_an_override_wins_over_the_drivers_cuda(variables: dict[str, str], cuda: str | None) -> None:
    given = virtual_packages(variables, SYSTEM, DRIVER)
    assert (given.get("__cuda"), given["__glibc"], given["__linux"]) == (cuda, "2.39", "6.8.0")
