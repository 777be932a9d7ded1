"""What the tables of JAX, torch, conda and log signatures answer."""

from __future__ import annotations

from typing import get_args

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge import conda, fleet, jax, signatures, torch
from kdoctor.knowledge.ranking import ranking
from kdoctor.knowledge.requirement import range_for
from kdoctor.model.fleet import Lost
from kdoctor.model.version import CudaVersion, PythonVersion

SPLIT = '>=1.23.5,<2.0.0 ; python_version <= "3.11" | >=1.26.0,<2.0.0 ; python_version >= "3.12"'


def test_a_jax_row_is_that_of_the_exact_release() -> None:
    row = jax.release_of(Version("0.7.2"))
    assert row is not None
    assert (row.build_cuda12, row.build_cuda13) == (CudaVersion("12.9.1"), CudaVersion("13.0.0"))
    assert jax.release_of(Version("0.7.99")) is None


def test_a_jax_without_plugin_of_its_own_says_so() -> None:
    row = jax.release_of(Version("0.4.37"))
    assert row is not None
    assert (row.cuda12, row.cuda13, row.plugin_python_wheels) == (False, False, ())


@pytest.mark.parametrize(
    ("version", "traps"),
    [("0.7.1", ["cuda13-extra-without-plugin"]), ("0.4.32", ["yanked-0.4.32"]), ("0.7.2", [])],
)
def test_a_jax_falls_into_the_traps_of_its_version(version: str, traps: list[str]) -> None:
    assert [row.id for row in jax.traps_of(Version(version))] == traps


def test_the_newest_jax_and_torch_are_the_last_rows() -> None:
    assert jax.newest().version == max(row.version for row in jax.releases())
    assert torch.newest().version == max(row.version for row in torch.releases())


def test_a_torch_build_belongs_to_the_row_of_its_minor_version() -> None:
    row = torch.release_of(Version("2.10.0+cu128"))
    assert row is not None
    assert (row.cuda, row.gpu_code[0]) == (CudaVersion("12.8"), "sm_70")


def test_an_unlisted_torch_has_no_row() -> None:
    assert torch.release_of(Version("1.13.1")) is None


def test_torch_and_tensorflow_conflict_by_their_versions() -> None:
    installed = {"tensorflow": Version("2.18.1"), "torch": Version("2.5.1")}
    assert [row.id for row in torch.conflicts_of(installed)] == ["and-cuda-pins-cu12", "cudnn-9.1-against-9.3"]


def test_a_pair_that_works_says_so() -> None:
    rows = torch.conflicts_of({"tensorflow": Version("2.20.0"), "torch": Version("2.9.1")})
    assert [(row.id, row.works) for row in rows] == [("and-cuda-2.20-fits", True)]


def test_torch_alone_has_no_conflict() -> None:
    assert torch.conflicts_of({"torch": Version("2.9.1")}) == ()


def test_a_conda_tensorflow_has_one_row_for_each_build() -> None:
    assert [row.build for row in conda.release_of(Version("2.19.1"))] == [0, 1, 2, 3]


def test_the_newest_gpu_build_of_conda_has_cuda() -> None:
    newest = conda.newest_gpu_build()
    assert (newest.version, newest.build, newest.cuda) == (Version("2.19.1"), 3, (CudaVersion("12.8"),))


def test_conda_has_other_frameworks_for_some_cuda_versions() -> None:
    assert conda.jaxlib_cuda(Version("0.6.2")) == (CudaVersion("12.6"), CudaVersion("12.9"))
    assert conda.torch_cuda(Version("2.10.0")) == (CudaVersion("12.9"), CudaVersion("13.0"))
    assert conda.torch_cuda(Version("1.0")) == ()


def test_a_signature_is_found_by_its_id() -> None:
    row = signatures.signature("tf-dlopen-lib")
    assert row is not None
    assert (row.effect, row.overrides) == ("no-gpu", ("loader-cannot-open",))
    assert signatures.signature("unheard-of") is None


@pytest.mark.parametrize(("python", "expected"), [("3.11.4", ">=1.23.5,<2.0.0"), ("3.12", ">=1.26.0,<2.0.0")])
def test_a_split_requirement_has_one_range_for_each_python(python: str, expected: str) -> None:
    assert range_for(SPLIT, PythonVersion(python)) == SpecifierSet(expected)


def test_a_part_for_newer_pythons_adds_to_the_part_for_all() -> None:
    text = '>=1.24 | >=1.26.0 ; python_version >= "3.12"'
    assert range_for(text, PythonVersion("3.12")) == SpecifierSet(">=1.24,>=1.26.0")


def test_no_requirement_allows_everything() -> None:
    assert Version("99.0") in range_for("", PythonVersion("3.11"))
    assert Version("99.0") in range_for('<2 ; python_version < "3.0"', PythonVersion("3.11"))


def test_every_property_and_loss_of_a_fleet_has_its_place() -> None:
    rows = fleet.table().properties
    assert {row.layer for row in rows} <= set(ranking().layers)
    assert len({row.id for row in rows}) == len(rows)
    assert {row.id for row in fleet.table().losses} == set(get_args(Lost))
