"""`kdoctor bench` where the disk is full: what was measured is printed all the same, and no older file is lost.

In: a file system of 64 KiB in a namespace of its own, filled up; skipped where this user may not mount one.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.commands.test_bench import TREE, Ran
from tests.commands.trained import trained

OLD = "an older file"
WHERE = ("/usr/bin/env", "sh", "-c")


class Small(NamedTuple):
    """A mount point; what is on it is copied to ``after`` in the end."""

    disk: Path
    after: Path

    def bench(self, home: Path, python: str, *arguments: str, out: str = "", free: int = 0) -> Ran:
        """Run it beside an older file, with so many KiB free."""
        words = (sys.executable, "-m", "kdoctor", "bench", "--python", python, *arguments)
        disk = shlex.quote(str(self.disk))
        script = (
            f"mount -t tmpfs -o size=64k none {disk} || exit 99; cd {disk} || exit 99\n"
            f"printf %s {shlex.quote(OLD)} > old.csv; head -c {free * 1024} /dev/zero > room\n"
            f"cat /dev/zero > filled 2>/dev/null; rm room\n"
            f"{shlex.join(words)}{f' > {out}' if out else ''}; code=$?\n"
            f"rm filled; cp -a . {shlex.quote(str(self.after))}; exit $code\n"
        )
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8"}
        command = ("unshare", "-rm", *WHERE, script)
        ran = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, check=False)
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def left(self) -> dict[str, str]:
        return {str(path.relative_to(self.after)): path.read_text() for path in self.after.rglob("*") if path.is_file()}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A place for a small file system."""
    disk, after = tmp_path / "disk", tmp_path / "after"
    disk.mkdir()
    after.mkdir()
    if sys.platform != "linux" or not shutil.which("unshare"):
        pytest.skip("no namespaces here")
    mount = ("unshare", "-rm", *WHERE, f"mount -t tmpfs none {shlex.quote(str(disk))}")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    return Small(disk, after)


def lines(text: str) -> list[str]:
    """What was said but the progress."""
    return [line for line in text.splitlines() if not line.endswith("to measure")]


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("--csv", "new.csv"), "new.csv"),
        (("--csv", "old.csv", "--force"), "old.csv"),
        (("--grid", "grid"), "grid/linear-jax-cpu-public-float32.txt"),
    ],
)
def test_a_file_that_does_not_fit_is_one_line_and_3(
    small: Small, tmp_path: Path, arguments: tuple[str, ...], name: str
) -> None:
    ran = small.bench(tmp_path, trained(tmp_path), *arguments)
    assert (ran.code, "linear on jax" in ran.out) == (3, True)
    assert ran.out.splitlines()[-1].startswith("2 ok")
    assert lines(ran.err) == [f"kdoctor: {small.disk}/{name}: No space left on device: nothing was written."]
    assert small.left() == {"old.csv": OLD}


def test_a_picture_that_does_not_fit_is_told_in_the_same_way(small: Small, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ran = small.bench(tmp_path, trained(tmp_path), "--plot", "new.png", "--workload", "lenet", "--batch-size", "1,2")
    assert (ran.code, "lenet on jax" in ran.out) == (3, True)
    assert lines(ran.err)[-1] == f"kdoctor: {small.disk}/new.png: No space left on device: nothing was written."
    assert small.left() == {"old.csv": OLD}


def test_what_fits_is_written_though_another_does_not(small: Small, tmp_path: Path) -> None:
    csv = tmp_path / "elsewhere.csv"
    ran = small.bench(tmp_path, trained(tmp_path), "--csv", str(csv), "--grid", "grid")
    assert (ran.code, len(lines(ran.err)), csv.read_text().count("\n")) == (3, 1, 3)
    assert (tmp_path / ".local/share/kdoctor/bench-history.jsonl").read_text().count("\n") == 1


def test_a_history_that_cannot_be_written_costs_the_run_nothing(small: Small, tmp_path: Path) -> None:
    ran = small.bench(small.disk, trained(tmp_path), "--format", "json")
    assert (ran.code, json.loads(ran.out)["exit_reason"]) == (0, "ok")
    (said,) = lines(ran.err)
    assert said.startswith("kdoctor: the run is not in the history: ")
    assert said.endswith("No space left on device")
    assert [text for name, text in small.left().items() if "history" in name and text] == []


def test_a_report_that_does_not_fit_leaves_the_files(small: Small, tmp_path: Path) -> None:
    csv = tmp_path / "elsewhere.csv"
    ran = small.bench(tmp_path, trained(tmp_path), "--format", "json", "--csv", str(csv), out="report.json")
    assert (ran.code, csv.read_text().count("\n")) == (3, 3)
    assert lines(ran.err) == ["kdoctor: standard output: No space left on device."]


def test_with_room_all_is_there(small: Small, tmp_path: Path) -> None:
    ran = small.bench(tmp_path, trained(tmp_path), "--csv", "old.csv", "--force", "--grid", "grid", free=32)
    assert (ran.code, lines(ran.err)) == (0, [])
    assert sorted(small.left()) == [
        "grid/lenet-jax-cpu-public-float32.txt",
        "grid/linear-jax-cpu-public-float32.txt",
        "old.csv",
    ]
    assert OLD not in small.left()["old.csv"]
