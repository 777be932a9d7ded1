"""`%load_ext kdoctor` in real kernels and shells."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython")
TREE = Path(__file__).resolve().parents[2]
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch"
ENVIRON = {**os.environ, "PYTHONPATH": str(TREE), "JUPYTER_PLATFORM_DIRS": "1"}


def shell(home: Path, *lines: str) -> str:
    """What a terminal shows of these lines, both streams."""
    script = home / "lines.ipy"
    script.write_text("%load_ext kdoctor\n" + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    ran = subprocess.run(
        (sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", str(script)),
        env={**ENVIRON, "IPYTHONDIR": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ran.stdout


CELLS = {
    "load": "%load_ext kdoctor",
    "check": "%kdoctor check --select KD6,KD304",
    "failing": f"%%kdoctor --ignore KD304\nimport os\n_ = os.write(2, b'{MISMATCH}\\n')\nraise ValueError('mine')",
    "working": "%%kdoctor\nprint('fine')\n6 * 7",
    "after": "import sys\nprint('still', file=sys.stderr)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """A notebook that a real kernel has run: the outputs of each cell."""
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS.values()])
    home = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(home))
        for name, value in ENVIRON.items():
            patch.setenv(name, value)
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)  # where a kernel sees it, it leaves descriptor 2 alone
        nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    return dict(zip(CELLS, (cell.outputs for cell in notebook.cells), strict=True))


def data(some: list[Any], kind: str) -> str:
    """What the outputs hold of that kind."""
    return "".join(output["data"].get(kind, "") for output in some if "data" in output)


def written(some: list[Any], stream: str) -> str:
    """What the outputs hold of a stream."""
    return "".join(output["text"] for output in some if output.output_type == "stream" and output["name"] == stream)


@pytest.mark.slow
def test_a_kernel_shows_the_report_of_its_own_interpreter(outputs: dict[str, list[Any]]) -> None:
    assert "kdoctor.api: the" in data(outputs["check"], "text/plain")
    assert data(outputs["check"], "text/html").startswith("<div class='kdoctor'")


@pytest.mark.slow
def test_a_cell_that_fails_is_judged_by_what_its_libraries_wrote_and_still_fails(outputs: dict[str, list[Any]]) -> None:
    some = outputs["failing"]
    errors = [output for output in some if output.output_type == "error"]
    assert "KD104  driver-userland-kernel-mismatch" in data(some, "text/plain")
    shown = "".join(written(one, "stderr") for one in outputs.values())  # a kernel may show it a moment later
    assert MISMATCH in shown
    assert {(error.ename, error.evalue) for error in errors} == {("ValueError", "mine")}
    assert some[-1].output_type == "error"  # the last word, as a run of all cells looks for it
    assert len("".join(some[-1].traceback)) < len("".join(errors[0].traceback))  # shown in full only once


@pytest.mark.slow
def test_a_cell_that_works_is_as_it_would_be_without(outputs: dict[str, list[Any]]) -> None:
    assert (written(outputs["working"], "stdout"), data(outputs["working"], "text/plain")) == ("fine\n", "42")


@pytest.mark.slow
def test_the_streams_are_the_kernel_s_own_again_after_a_failure(outputs: dict[str, list[Any]]) -> None:
    assert written(outputs["after"], "stderr").endswith("still\n")


def test_a_terminal_shows_the_text(tmp_path: Path) -> None:
    said = shell(tmp_path, "x = get_ipython().run_line_magic('kdoctor', '')", "print(x)")
    assert "examined   " in said
    assert "kdoctor.api: the" in said


def test_what_a_line_cannot_mean_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    said = shell(
        tmp_path,
        "%kdoctor envs",
        "%kdoctor check --format json",
        "%kdoctor check --bogus",
        "%kdoctor check --timeout soon",
        "%kdoctor check 'open",
        "%kdoctor bench --batch-size ten",
        "%kdoctor check --select KD999",
        "get_ipython().run_cell_magic('kdoctor', 'bench', '1')",
    )
    lines = said.splitlines()
    assert [line for line in lines if not line.startswith("kdoctor: ")] == []
    assert len(lines) == 8
    assert "`!kdoctor envs`" in lines[0]
    assert "takes no --format" in lines[1]


def test_a_failure_in_a_terminal_is_judged_once(tmp_path: Path) -> None:
    cell = f"import os; os.write(2, b'{MISMATCH}\\\\n'); raise RuntimeError('mine')"
    said = shell(tmp_path, f'get_ipython().run_cell_magic("kdoctor", "--ignore KD304", "{cell}")')
    assert said.count("KD104  driver-userland-kernel-mismatch") == 1
    assert said.count("text:1") == 1  # heard once, not on two ways


def test_a_page_is_printed(tmp_path: Path) -> None:
    assert "driver-missing   (error)" in shell(tmp_path, "%kdoctor explain KD101")
