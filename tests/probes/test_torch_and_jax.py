from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.jax import Jax, JaxPlugin
from kdoctor.model.facts.torch import Torch
from kdoctor.model.version import CudaVersion
from kdoctor.probes import jax, torch
from kdoctor.probes.torch import version_file
from tests.probes.tree import SITE, environ, machine

PLUGIN = f"{SITE}/jax_plugins/xla_cuda12"


def installed(**versions: str) -> Distributions:
    return Distributions(
        items=tuple(
            Distribution(name=name.replace("_", "-"), version=version, location=SITE)
            for name, version in versions.items()
        )
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("__version__ = '2.5.1+cu124'\ndebug = False\ncuda: Optional[str] = '12.4'\n", {"cuda": "12.4"}),
        ('__version__ = "2.0.0"\ncuda = "11.7"\n', {"cuda": "11.7"}),
        ("__version__ = '2.5.1+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n", {}),
        ("__version__ = '2.5.1+rocm6.2'\ncuda = None\nhip: Optional[str] = '6.2.41133'\n", {"hip": "6.2.41133"}),
    ],
)
def test_the_texts_of_version_py_are_read(text: str, values: dict[str, str]) -> None:
    read = version_file(text)
    assert {key: read[key] for key in ("cuda", "hip") if key in read} == values


@pytest.mark.parametrize("text", ["", "\0" * 20, "cuda = open('x')", "import os"])
def test_a_hostile_file_gives_nothing(text: str) -> None:
    assert version_file(text) == {}


def test_the_file_speaks_for_torch(tmp_path: Path) -> None:
    host = machine(tmp_path, {f"{SITE}/torch/version.py": "__version__ = '2.5.1+cu124'\ncuda = '12.4'\n"})
    section = torch.probe(host, installed(torch="2.5.1"))
    assert section == Torch(version="2.5.1+cu124", directory=f"{SITE}/torch", cuda=CudaVersion("12.4"))


def test_torch_without_the_file_has_no_directory(tmp_path: Path) -> None:
    assert torch.probe(machine(tmp_path, {}), installed(torch="2.5.1")) == Torch(version="2.5.1", directory="")


def test_no_torch_is_absent(tmp_path: Path) -> None:
    assert torch.probe(machine(tmp_path, {}), installed()) == Absent(looked=("torch",))


def test_a_plugin_is_read_with_its_directory(tmp_path: Path) -> None:
    host = machine(tmp_path, {f"{PLUGIN}/xla_cuda_plugin.so": ""})
    found = installed(jax="0.10.2", jaxlib="0.10.2", jax_cuda12_pjrt="0.10.2", jax_cuda12_plugin="0.10.2")
    section = jax.probe(host, found, environ(JAX_PLATFORMS="cpu"))
    assert isinstance(section, Jax)
    assert section.plugins == (JaxPlugin(cuda_major=12, pjrt="0.10.2", kernels="0.10.2", directory=PLUGIN),)
    assert (section.directory, section.platforms) == (f"{SITE}/jax", "cpu")


def test_a_plugin_without_its_files_has_no_directory(tmp_path: Path) -> None:
    section = jax.probe(machine(tmp_path, {}), installed(jaxlib="0.9.0", jax_cuda13_plugin="0.9.0"), environ())
    assert isinstance(section, Jax)
    assert (section.version, section.directory) == ("", f"{SITE}/jax")
    assert section.plugins == (JaxPlugin(cuda_major=13, pjrt="", kernels="0.9.0"),)


def test_no_jax_is_absent(tmp_path: Path) -> None:
    assert jax.probe(machine(tmp_path, {}), installed(), environ()) == Absent(looked=("jax", "jaxlib"))
