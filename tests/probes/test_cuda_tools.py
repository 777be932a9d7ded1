from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cuda_tools import CudaTools
from kdoctor.model.facts.frameworks import Build, FrameworkName, Frameworks
from kdoctor.model.version import CudaVersion
from kdoctor.probes.cuda_tools import LIBDEVICE, probe
from tests.probes.tree import PREFIX, SITE, environ, interpreter, machine

WHEEL = f"{SITE}/nvidia/cuda_nvcc"


def frameworks(framework: FrameworkName = "tensorflow", version: str = "2.20.0") -> Frameworks:
    build = Build(
        framework=framework, version=version, distribution=framework, directory=f"{SITE}/{framework}", gpu="cuda"
    )
    return Frameworks(builds=(build,))


def found(folder: Path, files: list[str], builds: Frameworks, kind: str = "venv", **variables: str) -> CudaTools:
    host = machine(folder, dict.fromkeys(files, ""), cwd="/work")
    section = probe(host, builds, interpreter(kind), environ(**variables), Absent())
    assert isinstance(section, CudaTools)
    return section


def test_ptxas_on_path_comes_before_the_wheels(tmp_path: Path) -> None:
    files = ["/opt/sdk/bin/ptxas", f"{WHEEL}/bin/ptxas", f"{WHEEL}/{LIBDEVICE}"]
    section = found(tmp_path, files, frameworks(), PATH="/usr/bin:/opt/sdk/bin/")
    assert (section.ptxas, section.ptxas_via) == ("/opt/sdk/bin/ptxas", "$PATH")
    assert (section.libdevice, section.libdevice_via) == (f"{WHEEL}/{LIBDEVICE}", "the nvidia wheels")


def test_the_version_of_the_wheels_ptxas_is_in_its_metadata(tmp_path: Path) -> None:
    files = [f"{WHEEL}/bin/ptxas", f"{SITE}/nvidia_cuda_nvcc_cu12-12.9.86.dist-info/METADATA"]
    assert found(tmp_path, files, frameworks()).ptxas_version == CudaVersion("12.9.86")


def test_a_ptxas_that_xla_holds_too_old_is_passed_over(tmp_path: Path) -> None:
    old = {"/usr/local/cuda/version.json": '{"cuda_nvcc": {"name": "nvcc", "version": "11.2.152"}}'}
    files = {**old, "/usr/local/cuda/bin/ptxas": "", f"{WHEEL}/bin/ptxas": ""}
    section = probe(machine(tmp_path, files), frameworks(), interpreter(), environ(), Absent())
    assert isinstance(section, CudaTools)
    assert section.ptxas == f"{WHEEL}/bin/ptxas"


def test_the_flag_names_the_first_directory(tmp_path: Path) -> None:
    flags = "--xla_dump_to=/tmp --xla_gpu_cuda_data_dir=/opt/sdk"
    section = found(tmp_path, [f"/opt/sdk/{LIBDEVICE}", f"{WHEEL}/{LIBDEVICE}"], frameworks(), XLA_FLAGS=flags)
    assert (section.libdevice, section.libdevice_via) == (f"/opt/sdk/{LIBDEVICE}", "XLA_FLAGS")


@pytest.mark.parametrize(
    ("builds", "via"),
    [
        (frameworks(version="2.15.1"), ""),
        (frameworks(version="2.20.0"), "the environment's prefix"),
        (frameworks("jax", "0.10.2"), "the environment's prefix"),
    ],
)
def test_older_releases_do_not_look_in_the_environments_prefix(tmp_path: Path, builds: Frameworks, via: str) -> None:
    section = found(tmp_path, [f"{PREFIX}/{LIBDEVICE}"], builds, "conda")
    assert section.libdevice_via == via
    assert section.libdevice_elsewhere == (() if via else (f"{PREFIX}/{LIBDEVICE}",))


def test_torch_needs_neither(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), frameworks("torch", "2.5.1"), interpreter(), environ(), Absent())
    assert section == Absent(looked=("a CUDA build of TensorFlow or JAX",))
