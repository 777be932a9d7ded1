"""What is pasted into an issue: whole outputs for some machines, then bounds, redaction and hostile values."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from kdoctor.host import User
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Evidence, Remedy
from kdoctor.render.summary import full, short
from tests.recorded import checked
from tests.render.reports import finding, report

GOLDEN = Path(__file__).parent / "golden_summary"
TELLING = (
    "debian12-550-rtx3060-tf220-docker-no-gpus",
    "ubuntu2004-450-gtx1050ti-tf114gpu-two-cudas",
    "ubuntu2404-550-rtx3060-tf220",
    "ubuntu2404-580-rtx4090-tf220-torch213-two-cudnns",
    "ubuntu2404-none-intel-tfcpu",
    "windows11-566-rtx3060-tf219",
    "wsl2-566-rtx4070-tf219-not-on-path",
)
FULL = "report.md"
USER = User(name="alicia", host_name="workhorse")
HOSTILE = "</details><script>alert(1)</script>\x1b[2J\n```\n# heading @someone ![](http://x) ````` \u202e"


@pytest.mark.parametrize("name", TELLING)
def test_the_whole_text_is_as_reviewed(name: str, *, update: bool) -> None:
    """`pytest --update` writes it anew."""
    path = GOLDEN / f"{name}.md"
    made = checked(name)
    text = short(msgspec.structs.replace(made.report, kdoctor="1.2.3"), "kdoctor summary", made.user)
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_each_golden_belongs_to_a_machine_that_is_compared() -> None:
    assert sorted(path.name for path in GOLDEN.iterdir()) == sorted([FULL, *(f"{name}.md" for name in TELLING)])


@pytest.mark.parametrize("name", TELLING)
def test_it_is_never_long_or_wide_and_names_the_primary_finding(name: str) -> None:
    made = checked(name)
    rows = short(made.report, "kdoctor summary " + "x" * 200, made.user).splitlines()
    primary = made.report.primary
    assert len(rows) <= 15
    assert max(map(len, rows)) <= 100
    assert (primary.name if primary else "Nothing wrong was found") in "\n".join(rows)


def hostile() -> tuple[str, str]:
    """Both texts of a report in which every value is hostile."""
    library = Library(soname=HOSTILE, state="opens", path=f"/home/bob/{HOSTILE}/x", realpath="", version=HOSTILE)
    search = LibrarySearch(framework=HOSTILE, caller=HOSTILE, libraries=(library,))
    bad = report(
        finding(
            what=HOSTILE,
            why=HOSTILE,
            remedy=Remedy(text=HOSTILE, commands=(HOSTILE,)),
            evidence=(Evidence(HOSTILE, HOSTILE, HOSTILE),),
        ),
        system=System(os="linux", machine=HOSTILE, distribution=HOSTILE),
        environ=Environ(variables={HOSTILE: HOSTILE}),
        cuda_libraries=CudaLibraries(searches=(search,)),
    )
    return short(bad, HOSTILE, USER), full(bad, HOSTILE, USER)


@pytest.mark.parametrize("text", hostile(), ids=["short", "full"])
def test_no_value_leaves_its_block_of_code(text: str) -> None:
    """Outside of fences there are only the tags that fold."""
    outside, fence = [], ""
    for line in text.splitlines():
        run = re.match("`{3,}", line)
        if not fence and run:
            fence = run[0]
        elif line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    tags = re.compile(r"|</details>|<details><summary>[\w :;,.]+</summary>")
    assert (fence, [line for line in outside if not tags.fullmatch(line)]) == ("", [])
    assert not set(text) & set("\x1b\u202e\r")


@pytest.mark.parametrize("where", ["/home/carolyn/" + "deep/" * 30, "C:\\Users\\carolyn\\env"])
def test_names_are_gone_before_anything_is_cut(where: str) -> None:
    """Whichever part of a long path is shown."""
    folders = [f"/home/carolyn/{'x' * count}/lib" for count in range(20, 100)]
    for folder in folders:
        library = Library(soname="libcudart.so.12", state="opens", path=f"{folder}/libcudart.so.12", source="pip")
        search = LibrarySearch(framework="tensorflow", caller="libtensorflow.so.2", libraries=(library,))
        told = report(
            finding(what=f"{'word ' * 14}/home/carolyn/{folder} of alicia on workhorse"),
            interpreter=Interpreter(path=where, realpath=where, version=None, kind="venv", prefix=where),
            cuda_libraries=CudaLibraries(searches=(search,)),
        )
        text = short(told, f"kdoctor summary --python {where}", USER) + full(told, "kdoctor", USER)
        assert not re.search("carol|alicia|workhorse", text)


def test_the_whole_is_folded_below_the_short_one(*, update: bool) -> None:
    """Findings, libraries, variables and facts; what is not there is left out."""
    library = Library(
        soname="libcudnn.so.9",
        state="opens",
        path="/home/alicia/ml/lib/libcudnn.so.9",
        version="9.3.0",
        source="pip",
        found_via="runpath of libtensorflow_framework.so.2",
    )
    missing = Library(soname="libcudart.so.12", state="missing")
    broken = Library(soname="libcublas.so.12", state="broken", path="/x/libcublas.so.12", why_not="it is empty")
    search = LibrarySearch(framework="tensorflow", caller="libtensorflow.so.2", libraries=(missing, library, broken))
    told = report(
        finding(),
        environ=Environ(variables={"LD_LIBRARY_PATH": "/home/alicia/lib", "CUDA_VISIBLE_DEVICES": ""}),
        cuda_libraries=CudaLibraries(searches=(search,)),
    )
    text = full(told, "kdoctor summary --full", USER)
    path = GOLDEN / FULL
    if update:
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
    assert text.startswith(short(told, "kdoctor summary --full", USER))
    assert "<summary>Libraries" not in full(report(), "kdoctor", USER)


def test_a_part_that_an_issue_cannot_hold_is_left_out() -> None:
    """And it says what to attach instead."""
    told = report(environ=Environ(variables={f"NAME_{number}": "x" * 100 for number in range(700)}))
    text = full(told, "kdoctor", USER)
    assert len(text) < 65_536
    assert text.count("Left out, as it is") == 2
