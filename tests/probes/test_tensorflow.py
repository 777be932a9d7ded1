from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.conda import Conda, CondaPackage
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.version import CudaVersion
from kdoctor.probes.tensorflow import BUILD_INFO, build_info, probe
from tests.probes.tree import SITE, interpreter, machine

TF_1_15 = """
is_rocm_build = False
cuda_build = True
is_cuda_build = True
"""
TF_2_3 = """
import collections
is_rocm_build = False
is_cuda_build = True
is_tensorrt_build = True
build_info = collections.OrderedDict([('cpu_compiler', '/usr/bin/gcc-5'),
  ('cuda_compute_capabilities', ['sm_35', 'sm_37', 'compute_70']), ('cuda_version', '10.1'), ('cudnn_version', '7')])
"""
TF_2_15 = """
import collections
build_info = collections.OrderedDict([('cpu_compiler', '/usr/lib/llvm-17/bin/clang'),
  ('cuda_compute_capabilities', ['sm_50', 'compute_80']), ('cuda_version', '12.2'), ('cudnn_version', '8'),
  ('is_cuda_build', True), ('is_rocm_build', False), ('is_tensorrt_build', True)])
"""
TF_2_22 = "build_info = {'is_cuda_build': True, 'is_rocm_build': False, 'is_tensorrt_build': False}"
ROCM = "build_info = {'is_cuda_build': False, 'is_rocm_build': True, 'rocm_version': '6.1'}"
CPU = "build_info = {'cpu_compiler': 'clang', 'is_cuda_build': False, 'is_rocm_build': False}"
WINDOWS = "build_info = {'cuda_version': '64_112', 'cudnn_version': '64_8', 'is_cuda_build': True}"
NONE = Distributions(items=())


def owned(*items: tuple[str, str], installer: str = "pip") -> Distributions:
    return Distributions(
        items=tuple(
            Distribution(name=name, version=version, location=SITE, installer=installer) for name, version in items
        )
    )


def found(folder: Path, text: str, distributions: Distributions, conda: Conda | Absent | None = None) -> Tensorflow:
    host = machine(folder, {f"{SITE}/{BUILD_INFO}": text})
    section = probe(host, interpreter(), distributions, conda or Absent())
    assert isinstance(section, Tensorflow)
    return section


def test_the_plain_assignments_of_1_15_are_read(tmp_path: Path) -> None:
    section = found(tmp_path, TF_1_15, owned(("tensorflow-gpu", "1.15.5")))
    assert (section.distribution, section.is_cuda_build, section.cuda) == ("tensorflow-gpu", True, None)


@pytest.mark.parametrize(
    ("text", "cuda", "cudnn", "code"),
    [
        (TF_2_3, "10.1", "7", ("sm_35", "sm_37", "compute_70")),
        (TF_2_15, "12.2", "8", ("sm_50", "compute_80")),
        (WINDOWS, "11.2", "8", ()),
    ],
)
def test_what_it_was_built_with_is_read(
    tmp_path: Path, text: str, cuda: str, cudnn: str, code: tuple[str, ...]
) -> None:
    section = found(tmp_path, text, owned(("tensorflow", "2.0")))
    assert (section.cuda, section.cudnn, section.gpu_code) == (CudaVersion(cuda), cudnn, code)


def test_a_release_that_no_longer_names_cuda_is_still_a_cuda_build(tmp_path: Path) -> None:
    section = found(tmp_path, TF_2_22, owned(("tensorflow", "2.22.0rc0")))
    assert (section.is_cuda_build, section.cuda, section.cudnn) == (True, None, "")


def test_rocm_and_cpu_builds_are_told_apart(tmp_path: Path) -> None:
    rocm = found(tmp_path / "a", ROCM, owned(("tensorflow-rocm", "2.16.1")))
    cpu = found(tmp_path / "b", CPU, owned(("tensorflow-cpu", "2.21.0")))
    assert (rocm.is_rocm_build, rocm.is_cuda_build) == (True, False)
    assert (cpu.is_rocm_build, cpu.is_cuda_build) == (False, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not python (",
        "\0",
        "build_info = open('/etc/passwd')",
        "build_info = OrderedDict(__import__('os').environ)",
        "build_info = " + "[" * 5000 + "]" * 5000,
        "build_info = [('a', 'b', 'c')]",
        "x = 1 / 0",
    ],
)
def test_a_hostile_file_gives_no_facts_and_runs_nothing(text: str) -> None:
    assert build_info(text).get("is_cuda_build") is None


def test_values_of_another_type_are_no_facts(tmp_path: Path) -> None:
    text = "build_info = {'is_cuda_build': 'yes', 'cuda_version': [12], 'cudnn_version': '9\\n\\x1b[31m', 'x': {}}"
    section = found(tmp_path, text, owned(("tensorflow", "2.21.0")))
    assert (section.is_cuda_build, section.cuda, section.cudnn) == (None, None, "")


def test_metadata_without_files_is_kept_as_such(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), interpreter(), owned(("tensorflow", "2.21.0")), Absent())
    assert isinstance(section, Tensorflow)
    assert (section.version, section.directory) == ("2.21.0", "")


def test_neither_files_nor_metadata_is_absent(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), interpreter(), NONE, Absent())
    assert section == Absent(looked=("/usr/lib/python3.12/tensorflow", f"{SITE}/tensorflow"))


def test_condas_build_is_named_as_such(tmp_path: Path) -> None:
    conda = Conda(packages=(CondaPackage(name="tensorflow-base", version="2.19.1", build="cuda128py312"),))
    section = found(tmp_path, CPU, owned(("tensorflow", "2.19.1"), installer="conda"), conda)
    assert (section.distribution, section.version, section.conda_build) == (
        "tensorflow (conda)",
        "2.19.1",
        "cuda128py312",
    )


def test_pip_over_condas_build_is_pips(tmp_path: Path) -> None:
    conda = Conda(packages=(CondaPackage(name="tensorflow-base", version="2.17.0", build="cpu_py312"),))
    section = found(tmp_path, TF_2_15, owned(("tensorflow", "2.15.1"), installer="pip"), conda)
    assert (section.distribution, section.conda_build) == ("tensorflow", "")
