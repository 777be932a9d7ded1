"""Where reports go: several formats at once, files that cannot be written, readers that leave, the summary of a job."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kdoctor.render.formats import BENCH, CHECK, FIX, names
from tests.commands.test_bench import Ran
from tests.commands.trained import trained
from tests.recorded import FOLDER
from tests.render.hostile import HOSTILE, MACHINE, PLAIN, commands_in, shape
from tests.render.test_hostile import markdown_shape

TREE = Path(__file__).resolve().parent.parent
FAULTY, HEALTHY = FOLDER / MACHINE, FOLDER / "ubuntu2404-550-rtx3060-tf220"
KDOCTOR = f"{shlex.quote(sys.executable)} -m kdoctor"
HIDDEN = FOLDER / "ubuntu2404-550-rtx3060-tf220-hidden"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")


def run(folder: Path, command: str, **more: str) -> Ran:
    """A line of bash in ``folder``; `kdoctor` in it is the real command line."""
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONPATH": str(TREE), "LC_ALL": "C.UTF-8", **more}
    line = ["bash", "-c", f'set -o pipefail; kdoctor() {{ {KDOCTOR} "$@"; }}; {command}']
    ran = subprocess.run(line, cwd=folder, capture_output=True, timeout=120, env=environ, check=False)
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def check(folder: Path, *arguments: str, **more: str) -> Ran:
    return run(folder, f"kdoctor check --sysroot {shlex.quote(str(FAULTY))} {shlex.join(arguments)}", **more)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_several_formats_at_once(tmp_path: Path) -> None:
    """One on standard output, each of the others in its file; folders are made."""
    files = {name: f"reports/{name}" for name in names(CHECK) if name != "markdown"}
    options = [word for name, path in files.items() for word in ("--format", f"{name}={path}")]
    ran = check(tmp_path, *options, "--format", "markdown")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("# kdoctor check\n")
    assert sorted(contents(tmp_path)) == sorted(files.values())
    for name, path in files.items():
        assert "KD201" in (tmp_path / path).read_text(), name
    assert json.loads((tmp_path / "reports/json").read_text())["primary"]["id"] == "KD201"
    assert list((tmp_path / "reports").glob(".*")) == []


def test_files_alone_leave_standard_output_empty(tmp_path: Path) -> None:
    assert check(tmp_path, "--format", "sarif=x.sarif") == (1, "", "")
    assert check(tmp_path, "--format", "json=-").out.startswith("{\n")


def test_text_in_a_file_is_that_of_a_pipe_80_columns_wide(tmp_path: Path) -> None:
    ran = check(tmp_path, "--format", "text=report.txt", "--format", "json", "-v")
    assert ran.code == 1
    assert (tmp_path / "report.txt").read_text() == check(tmp_path, "-v", COLUMNS="80").out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("check --format yaml", "expected one of text, json, markdown"),
        ("check --format Json", "expected one of"),
        ("check --format =x", "expected one of"),
        ("check --format json=", "a file is missing after the ="),
        ("check --format json --format text", "only one goes to standard output. Give another a file"),
        ("check --format sarif --format sarif", "only one goes to standard output"),
        ("check --format sarif=- --format text", "only one goes to standard output"),
        ("check --format json=a --format text=./b/../a", "two outputs go to ./b/../a"),
        ("check --format json=a --format sarif=a", "two outputs go to a"),
        ("check --format json=a --format sarif=link", "two outputs go to link"),
        ("bench --format sarif", "expected one of text, json, markdown, html, junit, github, prometheus"),
        ("bench --format json --format text", "only one goes to standard output"),
        ("fix --format junit", "expected one of text, json, markdown, github"),
        ("fix --list --format markdown", "--list prints text or json"),
        ("fix --docker --format github", "--docker prints text or json"),
        ("fix --requirements --format json=a", "--requirements prints text or json"),
        ("fix --format text --format json", "only one goes to standard output"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(tmp_path: Path, command: str, said: str) -> None:
    """Before anything is looked at or written."""
    (tmp_path / "link").symlink_to("a")
    ran = run(tmp_path, f"kdoctor {command}")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("path", ["/dev/full", "/proc/nothing/x", "folder", "link", f"{'x' * 300}/a"])
def test_a_file_that_cannot_be_written_is_one_line_and_3(tmp_path: Path, path: str) -> None:
    """The report is printed, and the other files are written, all the same."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/hostname")
    ran = check(tmp_path, "--format", "text", "--format", f"sarif={path}", "--format", "json=other.json")
    assert (ran.code, ran.err.count("\n")) == (3, 1)
    assert ran.err.startswith("kdoctor: ")
    assert ran.out.endswith("0 undecided.\n")
    assert sorted(contents(tmp_path)) in (["other.json"], ["link", "other.json"])


@pytest.mark.parametrize("kind", ["text", "json", "sarif"])
def test_a_full_disk_behind_standard_output_is_one_line_and_3(tmp_path: Path, kind: str) -> None:
    ran = run(tmp_path, f"kdoctor check --sysroot {shlex.quote(str(FAULTY))} --format {kind} > /dev/full")
    assert ran == (3, "", "kdoctor: standard output: No space left on device.\n")


def test_what_standard_output_cannot_hold_is_in_the_files(tmp_path: Path) -> None:
    line = f"kdoctor check --sysroot {shlex.quote(str(FAULTY))} --format text --format json=a.json > /dev/full"
    assert run(tmp_path, line).code == 3
    assert json.loads((tmp_path / "a.json").read_text())["primary"]["id"] == "KD201"


def test_a_report_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    """A file system of 16 KiB, and a report of some 50."""
    if (
        not shutil.which("unshare")
        or subprocess.run(
            ("unshare", "-rm", "mount", "-t", "tmpfs", "none", str(tmp_path)), capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("this user may not mount a file system")
    script = (
        f"mount -t tmpfs -o size=16k none {shlex.quote(str(tmp_path))}; cd {shlex.quote(str(tmp_path))}; "
        f"echo before > report.json; {KDOCTOR} check -q --sysroot {shlex.quote(str(FAULTY))} "
        "--format json=report.json --format prometheus=k.prom; echo $? $(ls -A) $(cat report.json)"
    )
    ran = run(tmp_path, f"unshare -rm bash -c {shlex.quote(script)}")
    assert ran.out == "3 k.prom report.json before\n"
    assert ran.err == f"kdoctor: {tmp_path}/report.json: No space left on device: nothing was written.\n"


def test_a_folder_that_may_not_be_written_is_one_line_and_3(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "theirs").mkdir(mode=0o500)
    ran = check(tmp_path, "--format", "json=theirs/a.json")
    assert (ran.code, ran.out) == (3, "")
    assert "Permission denied: nothing was written" in ran.err


def test_a_report_takes_the_place_of_an_older_one_and_its_rights(tmp_path: Path) -> None:
    """A node exporter never reads half a file: the name is that of one whole file, then of another."""
    path = tmp_path / "kdoctor.prom"
    path.write_text("old")
    path.chmod(0o640)
    before = path.stat().st_ino
    assert check(tmp_path, "--format", f"prometheus={path}").code == 1
    assert list(text_string_to_metric_families(path.read_text()))
    assert (path.stat().st_ino != before, path.stat().st_mode & 0o777) == (True, 0o640)
    assert [one.name for one in tmp_path.iterdir()] == ["kdoctor.prom"]


@pytest.mark.parametrize("reader", ["head -1", "true"])
@pytest.mark.parametrize(("kind", "machine", "code"), [("text", FAULTY, 1), ("json", FAULTY, 1), ("text", HEALTHY, 0)])
def test_a_reader_that_leaves_is_quiet_and_the_code_stays(
    tmp_path: Path, kind: str, machine: Path, code: int, reader: str
) -> None:
    line = f"kdoctor check --sysroot {shlex.quote(str(machine))} -vv --format {kind} | {reader} > first"
    ran = run(tmp_path, f"{line}; echo ${{PIPESTATUS[0]}}")
    assert (ran.out, ran.err) == (f"{code}\n", "")


@pytest.mark.parametrize("arguments", [("--format", "text"), ("--format", "json=a.json")])
def test_in_github_actions_the_summary_of_the_job_gets_the_report(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Added to what is there, whatever is printed, and redacted."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    actions = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    quiet, told = check(tmp_path, *arguments), check(tmp_path, *arguments, **actions)
    assert told == quiet
    markdown = check(tmp_path, "--format", "markdown").out
    assert summary.read_text() == f"before\n{markdown}"


@pytest.mark.parametrize(
    "variables",
    [
        {"GITHUB_ACTIONS": "false", "GITHUB_STEP_SUMMARY": "summary.md"},
        {"GITHUB_ACTIONS": "true"},
        {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": ""},
    ],
)
def test_elsewhere_there_is_no_summary(tmp_path: Path, variables: dict[str, str]) -> None:
    assert check(tmp_path, **variables) == check(tmp_path)
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("path", ["/dev/full", "folder", "fifo", "no/folder/x", "large.md"])
def test_a_summary_that_cannot_be_written_is_no_failure_of_the_job(tmp_path: Path, path: str) -> None:
    """One line says so."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "large.md").write_text("x" * (1 << 20))
    ran = check(tmp_path, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=path)
    assert (ran.code, ran.out) == (1, check(tmp_path).out)
    assert ran.err.startswith("kdoctor: the report is not in the job's summary: ")
    assert ran.err.count("\n") == 1
    assert (tmp_path / "large.md").stat().st_size == 1 << 20


def test_a_summary_that_was_asked_for_is_not_written_twice(tmp_path: Path) -> None:
    actions = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"}
    assert check(tmp_path, "--format", "markdown=summary.md", **actions).code == 1
    assert (tmp_path / "summary.md").read_text().count("# kdoctor check") == 1


def test_bench_gives_its_formats_at_once(tmp_path: Path) -> None:
    python = trained(tmp_path)
    options = " ".join(f"--format {name}={name}" for name in names(BENCH))
    actions = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"}
    ran = run(tmp_path, f"kdoctor bench --python {shlex.quote(python)} --workload lenet {options}", **actions)
    assert (ran.code, ran.out) == (0, "")
    assert json.loads((tmp_path / "json").read_text())["results"][0]["status"] == "ok"
    (suite, verdicts) = ET.parse(tmp_path / "junit").getroot()  # noqa: S314  what kdoctor has written
    assert (suite.get("tests"), suite.get("failures"), verdicts.get("failures")) == ("1", "0", "0")
    assert 'kdoctor_bench_samples_per_second{workload="lenet",backend="jax"' in (tmp_path / "prometheus").read_text()
    assert "lenet on jax" in (tmp_path / "text").read_text()
    assert (tmp_path / "summary.md").read_text() == (tmp_path / "markdown").read_text()


def test_bench_refuses_a_file_that_cannot_be_written_before_it_trains(tmp_path: Path) -> None:
    ran = run(tmp_path, f"kdoctor bench --python {shlex.quote(trained(tmp_path))} --format json=/dev/full")
    assert ran == (3, "", "kdoctor: /dev/full is a link, a directory or a device; only a file is written over.\n")


def test_a_bench_whose_reader_leaves_keeps_its_files_and_its_code(tmp_path: Path) -> None:
    line = f"kdoctor bench --python {shlex.quote(trained(tmp_path))} --format text --format json=a.json 2>/dev/null"
    assert run(tmp_path, f"{line} | true; echo ${{PIPESTATUS[0]}}") == (0, "0\n", "")
    assert json.loads((tmp_path / "a.json").read_text())["exit_reason"] == "ok"


def test_fix_gives_its_formats_at_once(tmp_path: Path) -> None:
    """Of a plan; a dry run adds nothing to a summary."""
    options = " ".join(f"--format {name}={name}" for name in names(FIX))
    actions = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "summary.md"}
    ran = run(tmp_path, f"kdoctor fix --pip --recipe cpu-tensorflow --dry-run {options}", **actions)
    assert (ran.code, ran.out) == (0, "")
    assert sorted(contents(tmp_path)) == sorted(names(FIX))
    assert (tmp_path / "text").read_text().startswith("recipe    cpu-tensorflow")
    assert (tmp_path / "text").read_text().splitlines()[0] in (tmp_path / "markdown").read_text()
    assert (tmp_path / "github").read_text().startswith("::notice title=kdoctor fix::cpu-tensorflow would be made in")
    assert json.loads((tmp_path / "json").read_text())["plan"]["recipe"] == "cpu-tensorflow"


def facts_with(folder: Path, text: str) -> str:
    """The recorded facts of a machine with a hidden GPU; a variable, a name, a path and a version hold ``text``."""
    made = run(folder, f"kdoctor facts --sysroot {shlex.quote(str(HIDDEN))}")
    document = json.loads(made.out)
    sections = document["sections"]
    sections["environ"]["variables"]["CUDA_VISIBLE_DEVICES"] = text
    sections["interpreter"]["path"] += text
    for gpu in sections["gpus"]["items"]:
        gpu["name"] += text
    for build in sections["frameworks"]["builds"]:
        build["version"] += text
    path = folder / "facts.json"
    path.write_text(json.dumps(document))
    return str(path)


@pytest.mark.parametrize(
    "name",
    ["html script", "terminal link", "workflow command on a line of its own"],
)
def test_a_hostile_machine_changes_no_structure_of_what_is_written(tmp_path: Path, name: str) -> None:
    """From recorded facts to files, by the command line; and what a terminal gets is no command to a job either."""
    kinds = ("json", "sarif", "gitlab", "markdown")
    options = [word for kind in kinds for word in ("--format", f"{kind}={kind}")]
    shapes: list[list[object]] = []
    for text in (HOSTILE[name], PLAIN):
        ran = run(tmp_path, f"kdoctor check --from {facts_with(tmp_path, text)} --format text {shlex.join(options)}")
        assert (ran.code, ran.err, commands_in(ran.out), "\x1b" in ran.out) == (1, "", [], False)
        *documents, markdown = [(tmp_path / kind).read_text() for kind in kinds]
        shapes.append([*(shape(json.loads(one)) for one in documents), markdown_shape(markdown)])
        assert commands_in("\n".join((*documents, markdown))) == []
    assert shapes[0] == shapes[1]
