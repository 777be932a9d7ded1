"""``scripts/update-knowledge``: the comparison, on an index made of values, and the reading of index pages."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
TORCH = {
    "version": "2.10",
    "patches": ["2.10.0"],
    "requires_python": ">=3.10",
    "python_wheels": ["cp311", "cp312"],
    "pins": {"nvidia-cudnn-cu12": "==9.10.2.21", "triton": "==3.6.0"},
}
TORCH_REQUIRES = (
    'nvidia-cudnn-cu12==9.10.2.21; platform_system == "Linux"',
    'triton==3.6.0; platform_system == "Linux" and platform_machine == "x86_64"',
    'tzdata; platform_system == "Windows"',
    "filelock",
)


@pytest.fixture(name="script", scope="module")
def _script() -> ModuleType:
    """The script as a module."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        loader = SourceFileLoader("update_knowledge", str(SCRIPTS / "update-knowledge"))
        spec = spec_from_loader(loader.name, loader)
        assert spec is not None
        module = module_from_spec(spec)
        sys.modules[loader.name] = module
        loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPTS))
    return module


def wheels(script: ModuleType, package: str, version: str, *tags: str, **more: object) -> list[Any]:
    """Files of one release, one for each Python tag."""
    names = [f"{package}-{version}-{tag}-{tag}-manylinux_2_28_x86_64.whl" for tag in tags]
    return [script.File(name, f"https://example.org/{name}", **more) for name in names]


def compared(script: ModuleType, package: str, row: Mapping[str, Any], files: list[Any], metadata: object) -> list[str]:
    """The lines of the difference that are neither headers nor context."""
    theirs = script.index_lines(package, files, Version(str(row["version"])), lambda _: metadata)
    lines = script.difference(package, script.our_lines(package, [row]), theirs)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_a_table_that_agrees_with_the_index_has_no_difference(script: ModuleType) -> None:
    files = wheels(script, "torch", "2.10.0", "cp312", "cp311")
    assert compared(script, "torch", TORCH, files, script.Metadata(">=3.10", TORCH_REQUIRES)) == []


def test_a_new_patch_and_a_new_python_are_shown(script: ModuleType) -> None:
    files = [*wheels(script, "torch", "2.10.0", "cp311"), *wheels(script, "torch", "2.10.1", "cp311", "cp312", "cp313")]
    assert compared(script, "torch", TORCH, files, script.Metadata(">=3.10", TORCH_REQUIRES)) == [
        "-torch 2.10 patches: 2.10.0",
        "-torch 2.10 python_wheels: cp311 cp312",
        "+torch 2.10 patches: 2.10.0 2.10.1",
        "+torch 2.10 python_wheels: cp311 cp312 cp313",
    ]


def test_a_new_release_is_shown_with_all_its_facts(script: ModuleType) -> None:
    files = [*wheels(script, "torch", "2.10.0", "cp311", "cp312"), *wheels(script, "torch", "2.11.0", "cp312")]
    lines = compared(script, "torch", TORCH, files, script.Metadata(">=3.10", TORCH_REQUIRES))
    assert lines[0] == "+torch 2.11 nvidia-cudnn-cu12: ==9.10.2.21"
    assert len(lines) == 5


def test_a_changed_range_is_shown(script: ModuleType) -> None:
    row = {"version": "0.9.0", "requires_python": ">=3.11", "numpy": ">=2.0"}
    files = [script.File("jax-0.9.0-py3-none-any.whl", "https://example.org/jax.whl")]
    assert compared(script, "jax", row, files, script.Metadata(">=3.11", ("numpy>=2.1",))) == [
        "-jax 0.9.0 numpy: >=2.0",
        "+jax 0.9.0 numpy: >=2.1",
    ]


def test_the_order_of_a_range_and_the_exclusions_of_protobuf_do_not_matter(script: ModuleType) -> None:
    row = {
        "version": "2.18",
        "patches": ["2.18.0"],
        "python_wheels": ["cp312"],
        "numpy": ">=1.26,<2.1",
        "protobuf": "<6.0.0dev,>=3.20.3",
    }
    requires = ("numpy<2.1,>=1.26", "protobuf!=4.21.0,!=4.21.1,>=3.20.3,<6.0.0dev")
    files = wheels(script, "tensorflow", "2.18.0", "cp312")
    assert compared(script, "tensorflow", row, files, script.Metadata("", requires)) == []


def test_a_range_for_some_pythons_keeps_its_marker(script: ModuleType) -> None:
    row = TORCH | {"pins": {"cuda-bindings": '<14,>=13.0.3 ; python_version < "3.12"'}}
    marker = 'platform_system == "Linux" and python_version < "3.12"'
    metadata = script.Metadata(">=3.10", (f"cuda-bindings<14,>=13.0.3; {marker}",))
    assert compared(script, "torch", row, wheels(script, "torch", "2.10.0", "cp311", "cp312"), metadata) == []


def test_requirements_of_the_extra_are_pins(script: ModuleType) -> None:
    row = {
        "version": "2.20",
        "patches": ["2.20.0"],
        "python_wheels": ["cp312"],
        "and_cuda_pins": {"nvidia-cudnn-cu12": "<10.0,>=9.3"},
    }
    metadata = script.Metadata("", ('nvidia-cudnn-cu12<10.0,>=9.3; extra == "and-cuda"', 'x; extra == "gcs"'))
    assert compared(script, "tensorflow", row, wheels(script, "tensorflow", "2.20.0", "cp312"), metadata) == []


def test_a_row_of_a_yanked_release_is_not_compared(script: ModuleType) -> None:
    row = {"version": "0.4.32", "yanked": True, "requires_python": ">=3.10"}
    files = [script.File("jax-0.4.32-py3-none-any.whl", "https://example.org/jax.whl", yanked=True)]
    assert compared(script, "jax", row, files, script.Metadata(">=3.10", ())) == []


def test_names_are_compared_without_their_ranges(script: ModuleType) -> None:
    row = {"version": "3.15", "patches": ["3.15.0"], "requires_python": ">=3.11", "requires": ["ml-dtypes", "absl-py"]}
    files = [script.File("keras-3.15.0-py3-none-any.whl", "https://example.org/keras.whl")]
    assert compared(script, "keras", row, files, script.Metadata(">=3.11", ("absl-py", "ml_dtypes>=1"))) == []


@pytest.mark.parametrize(
    "name",
    [
        "torch-2.11.0rc1-cp312-cp312-manylinux_2_28_x86_64.whl",
        "torch-2.11.0-cp312-cp312-win_amd64.whl",
        "torch-2.11.0-cp312-cp312-manylinux_2_28_aarch64.whl",
        "torch-2.9.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        "torch-2.11.0.tar.gz",
        "torch-nonsense.whl",
    ],
)
def test_files_for_others_and_old_ones_are_left_out(script: ModuleType, name: str) -> None:
    files = [*wheels(script, "torch", "2.10.0", "cp311", "cp312"), script.File(name, "https://example.org/x")]
    assert compared(script, "torch", TORCH, files, script.Metadata(">=3.10", TORCH_REQUIRES)) == []


def test_a_yanked_release_is_left_out(script: ModuleType) -> None:
    files = [
        *wheels(script, "torch", "2.10.0", "cp311", "cp312"),
        *wheels(script, "torch", "2.10.1", "cp312", yanked=True),
    ]
    assert compared(script, "torch", TORCH, files, script.Metadata(">=3.10", TORCH_REQUIRES)) == []


PAGE = b"""<!DOCTYPE html><html><body>
<a href="../../packages/jax-0.9.0-py3-none-any.whl#sha256=00" data-requires-python="&gt;=3.11">jax-0.9.0</a>
<a href="https://example.org/jax-0.8.0.tar.gz#sha256=00" data-yanked="broken" data-core-metadata="sha256=00">jax</a>
</body></html>"""
JSON_PAGE = b"""{"files": [{
"filename": "jax-0.9.0-py3-none-any.whl",
"url": "../../packages/jax-0.9.0-py3-none-any.whl",
"yanked": false, "core-metadata": {"sha256": "00"}}]}"""


def test_a_page_in_html_lists_files(script: ModuleType) -> None:
    assert sys.modules["package_index"].files_of_page(PAGE, "text/html", "https://example.org/simple/jax/") == [
        script.File("jax-0.9.0-py3-none-any.whl", "https://example.org/packages/jax-0.9.0-py3-none-any.whl"),
        script.File("jax-0.8.0.tar.gz", "https://example.org/jax-0.8.0.tar.gz", yanked=True, has_metadata=True),
    ]


def test_a_page_in_json_lists_files(script: ModuleType) -> None:
    kind = "application/vnd.pypi.simple.v1+json"
    url = "https://example.org/packages/jax-0.9.0-py3-none-any.whl"
    assert sys.modules["package_index"].files_of_page(JSON_PAGE, kind, "https://example.org/simple/jax/") == [
        script.File("jax-0.9.0-py3-none-any.whl", url, has_metadata=True)
    ]


def test_an_unreachable_index_is_one_line_and_exit_status_3() -> None:
    ran = subprocess.run(
        (sys.executable, str(SCRIPTS / "update-knowledge"), "keras"),
        env=os.environ | {"PIP_INDEX_URL": "https://127.0.0.1:9/simple"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1)
    assert ran.stderr.startswith("update-knowledge: ")
