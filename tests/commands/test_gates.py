"""`kdoctor check` as a gate: options, configuration and exit codes, through the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kdoctor.cli import run
from tests.recorded import FOLDER

DESKTOP = str(FOLDER / "ubuntu2404-550-rtx3060-tf220")
NO_GPU = str(FOLDER / "debian12-none-none-tfcpu-docker")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose folder `deep/down` is the working directory."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "down")
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report."""
    code = run(["check", "--format", "json", "--no-redact", *words])
    return code, json.loads(capsys.readouterr().out)


def test_met_requirements_are_clear(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = document(capsys, "--sysroot", DESKTOP, "--require", "gpu>=1", "--require", "driver>=535,<600")
    assert (code, report["findings"], report["config"]) == (0, [], "")
    clear = [item["reason"] for item in report["outcomes"] if item["id"] in ("KD801", "KD802")]
    assert clear == ["gpu>=1: 1", "driver>=535,<600: 550.120"]
    assert project.is_dir()


def test_each_unmet_requirement_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    code, report = document(
        capsys, "--no-config", "--sysroot", DESKTOP, "--require", "cudnn>=99", "--require", "memory>=16GiB"
    )
    assert code == 1
    assert [(item["id"], item["cause"], item["role"]) for item in report["findings"]] == [
        ("KD802", None, "primary"),
        ("KD802", None, "independent"),
    ]


def test_a_required_gpu_that_is_not_there_is_an_error_with_its_cause(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "--no-config", "--sysroot", NO_GPU, "-q"]) == 0
    capsys.readouterr()
    code, report = document(capsys, "--no-config", "--sysroot", NO_GPU, "--require", "gpu")
    assert (code, report["primary"]["cause"], report["primary"]["severity"]) == (1, "no-nvidia-gpu", "error")
    assert [item["consequence_of"] for item in report["findings"] if item["id"] == "KD801"] == ["KD108"]


def test_what_is_not_known_fails_only_with_strict(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", "--no-config", "--sysroot", str(FOLDER / "debian12-none-rtx3060-tf220-no-driver")]
    words += ["--require", "memory>=8GiB", "--fail-on", "never"]
    assert (run(words), run([*words, "--strict"])) == (0, 3)
    assert "does not tell its memory" in " ".join(capsys.readouterr().out.split())


def test_the_nearest_configuration_holds_and_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text('[tool.kdoctor]\nrequire = ["gpu>=2"]\n', encoding="utf-8")
    code, report = document(capsys, "--sysroot", DESKTOP)
    assert (code, report["primary"]["id"], report["config"]) == (1, "KD801", str(project / "pyproject.toml"))
    (project / "deep" / "kdoctor.toml").write_text('require = ["gpu>=1"]\n', encoding="utf-8")
    code, report = document(capsys, "--sysroot", DESKTOP)
    assert (code, report["config"]) == (0, str(project / "deep" / "kdoctor.toml"))


def test_the_search_ends_at_the_repository(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "kdoctor.toml").write_text('require = ["gpu>=9"]\n', encoding="utf-8")
    (project / "deep" / ".git").mkdir()
    assert document(capsys, "--sysroot", DESKTOP)[0] == 0


def test_the_command_line_beats_the_configuration(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'require = ["gpu>=2", "keras>=3"]\nfail-on = "never"\nignore = ["KD802"]\n'
    (project / "kdoctor.toml").write_text(text, encoding="utf-8")
    words = ["--sysroot", DESKTOP]
    assert document(capsys, *words)[0] == 0
    assert document(capsys, *words, "--fail-on", "error")[0] == 1
    assert document(capsys, *words, "--fail-on", "error", "--require", "gpu>=1")[0] == 0
    code, report = document(capsys, *words, "--fail-on", "error", "--require", "gpu>=1", "--ignore", "KD605")
    assert (code, [item["id"] for item in report["outcomes"] if item["id"] == "KD802"]) == (0, ["KD802"])
    assert document(capsys, *words, "--no-config")[1]["config"] == ""


def test_an_environment_has_a_table_of_its_own(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The recorded machine's environment lies in a folder `ml`."""
    text = 'require = ["gpu>=9"]\n[env.ml]\nrequire = ["gpu>=1"]\n[env.other]\nrequire = ["gpu>=99"]\n'
    (project / "kdoctor.toml").write_text(text, encoding="utf-8")
    assert document(capsys, "--sysroot", DESKTOP)[0] == 0


def test_a_named_configuration_is_the_only_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "kdoctor.toml").write_text("not toml at all [", encoding="utf-8")
    (project / "deep" / "down" / "ci.toml").write_text('require = ["gpu>=9"]\n', encoding="utf-8")
    code, report = document(capsys, "--sysroot", DESKTOP, "--config", "ci.toml")
    assert (code, report["config"]) == (1, "ci.toml")


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("require = [", (), 3),
        ("requires = []", (), 2),
        ("require = ['gppu']", (), 2),
        ("ignore = ['KD999']", (), 2),
        ("[env.x]\nselect = ['no-such']", (), 2),
        ("", ("--config", "none.toml"), 3),
        ("", ("--config", "."), 3),
        ("", ("--require", "gppu>=1"), 2),
        ("", ("--expect", "none.json"), 3),
    ],
)
def test_what_is_wrong_is_one_line(
    text: str, words: tuple[str, ...], code: int, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "kdoctor.toml").write_text(text, encoding="utf-8")
    assert run(["check", "--sysroot", DESKTOP, *words]) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_a_project_that_is_not_ours_may_be_broken(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_bytes(b"[tool.other\n\xff")
    assert document(capsys, "--sysroot", DESKTOP)[0] == 0


def test_a_healthy_report_is_what_is_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", "--no-config", "--sysroot", DESKTOP, "--format", "json"])
    healthy = tmp_path / "healthy.json"
    healthy.write_text(capsys.readouterr().out, encoding="utf-8")
    expect = ("--no-config", "--expect", str(healthy))
    assert document(capsys, "--sysroot", DESKTOP, *expect)[1]["findings"] == []
    code, report = document(capsys, "--sysroot", str(FOLDER / "fedora41-565-rtx3060-tf220"), *expect)
    assert (code, {item["id"] for item in report["findings"]}) == (0, {"KD803"})
    assert report["findings"][0]["evidence"][0] == {
        "fact": "driver release",
        "value": "550.120 -> 565.77",
        "source": "",
    }
    assert run(["check", *expect, "--sysroot", str(FOLDER / "fedora41-565-rtx3060-tf220"), "--fail-on", "warning"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--file", "requirements.txt", "--require", "gpu"),
        ("--file", "requirements.txt", "--sysroot", DESKTOP),
        ("--log", "x.log", "--expect", "healthy.json"),
        ("requirements.txt",),
    ],
)
def test_options_that_do_not_go_together_are_refused(words: tuple[str, ...]) -> None:
    assert run(["check", *words]) == 2


HOSTILE = {
    "requirements.txt": b"\xff\xfe\x00",
    "large.txt": b"x" * (1 << 20) + b"x",
    "environment.yml": b"a: [",
    "deep.yml": b"[" * 50_000,
    "list.yml": b"- a",
    "pyproject.toml": b"a = " + b"[" * 50_000,
    "unknown.cfg": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_line(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "deep" / "down" / name).write_bytes(HOSTILE[name])
    assert run(["check", "--file", name]) == (2 if name == "unknown.cfg" else 3)
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


def test_files_are_judged_together_and_name_their_own_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = project / "deep" / "down"
    (here / "base.txt").write_text("-r base.txt\n-r gone.txt\ntensorflow-cpu\n", encoding="utf-8")
    (here / "Dockerfile").write_text("FROM python:3.12\nRUN pip install -r /app/base.txt\n", encoding="utf-8")
    (here / "good.txt").write_text("tensorflow[and-cuda]==2.20.0\n", encoding="utf-8")
    code, report = document(capsys, "--file", "Dockerfile", "good.txt")
    assert (code, report["origin"], len(report["facts"]["sections"]["written"]["files"])) == (1, "written", 2)
    (finding,) = report["findings"]
    assert (finding["id"], finding["evidence"][0]["source"]) == ("KD301", "base.txt:3")
    assert run(["check", "--file", "good.txt"]) == 0
    assert "works with NVIDIA drivers" in " ".join(capsys.readouterr().out.split())


def test_an_annotation_stands_at_the_line_of_the_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "deep" / "down" / "requirements.txt").write_text("keras\ntensorflow-cpu\n", encoding="utf-8")
    assert run(["check", "--file", "requirements.txt", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=requirements.txt,line=2,title=KD301")
