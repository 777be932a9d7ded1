"""What can come next: read off the command line, and in real shells."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from kdoctor.check.registry import find_rules
from kdoctor.cli import assemble
from kdoctor.cli_completion import SCRIPTS
from kdoctor.completing import candidates
from kdoctor.fix.recipes import shipped
from kdoctor.render.formats import BENCH, CHECK, Format, names

TREE = Path(__file__).resolve().parents[2]
APP: Any = get_command(assemble())


def values(line: str) -> list[str]:
    """What may come at the end of a line; a blank at its end begins a new word."""
    return [one.value for one in candidates(APP, line.split(" "))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("expl", ["explain"]),
        ("check --fo", ["--format"]),
        ("facts --fo", []),
        ("check --format js", ["json"]),
        ("check --format=js", ["--format=json"]),
        ("check --format = js", ["json"]),
        ("check --fail-on =", ["error", "warning", "note", "never"]),
        ("check --fail-on n", ["note", "never"]),
        ("check --sysroot ", [":dirs"]),
        ("check --from ", [":files"]),
        ("check --log a.log --log ", [":files"]),
        ("check --timeout ", []),
        ("check --env ", [":dirs"]),
        ("fix --recipes ", [":files"]),
        ("fleet merge ", [":files"]),
        ("fake --gpus 2 -- ", [":files"]),
        ("check --select KD101,kd10", [f"KD101,KD10{number}" for number in range(1, 10)]),
        ("check --strict x", [":files"]),
        ("explain driver-m", ["driver-missing"]),
        ("recipes sh", ["show"]),
        ("recipes show cpu-j", ["cpu-jax"]),
        ("fix --recipe cpu-j", ["cpu-jax"]),
        ("bench --workload le", ["lenet"]),
        ("bench --device ", ["cpu", "gpu", "all"]),
        ("bench --compare a ", []),
        ("fake --model t4", ["t4"]),
        ("fake --fault driver-m", ["driver-mismatch"]),
        ("fake --faul", ["--fault"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("no-such-command x", []),
        ("--ver", ["--version"]),
    ],
)
def test_what_may_come_next(line: str, expected: list[str]) -> None:
    assert values(line) == expected


def test_an_option_is_offered_once_unless_it_may_be_repeated() -> None:
    offered = values("check --select KD1 --fail-on note --")
    assert ("--select" in offered, "--fail-on" in offered) == (True, False)


def test_all_rules_by_id_and_all_recipes_are_offered() -> None:
    assert values("check --ignore ") == [rule.id for rule in find_rules().items]
    assert sorted(values("recipes show ")) == sorted(recipe.id for recipe in shipped())


@pytest.mark.parametrize(("command", "known"), [("check", CHECK), ("bench", BENCH)])
def test_the_formats_of_a_command_are_offered(command: str, known: tuple[Format, ...]) -> None:
    assert values(f"{command} --format ") == list(names(known))


def test_every_option_with_named_values_offers_them() -> None:
    """A metavar such as text|json is a promise."""
    for name, command in APP.commands.items():
        for option in command.params:
            metavar = option.metavar or ""
            if "|" in metavar and metavar.islower() and option.param_type_name == "option":
                assert values(f"{name} {max(option.opts, key=len)} ") == metavar.split("|")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory with kdoctor on its path, and a file to be completed."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/kdoctor"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={TREE} exec {sys.executable} -m kdoctor "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "recorded facts.json").write_text("{}")
    for name, script in SCRIPTS.items():
        (tmp_path / f"complete.{name}").write_text(script, encoding="utf-8")
    return tmp_path


def environ(home: Path) -> dict[str, str]:
    return {"PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8", "PS1": "$ "}


def typed(home: Path, argv: list[str], *lines: str, ready: str, expected: str) -> str:
    """What a shell on a terminal shows after these lines, until the expected is there, or ten seconds are over."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(home)
        os.execvpe(argv[0], argv, environ(home))  # noqa: S606  the shell is what is tested
    shown = ""
    try:
        for line, awaited in zip(lines, (*[ready] * (len(lines) - 1), expected), strict=True):
            os.write(terminal, line.encode())
            shown, deadline = "", time.monotonic() + 10
            while awaited not in shown and time.monotonic() < deadline:
                if select.select([terminal], [], [], 0.2)[0]:
                    shown += os.read(terminal, 4096).decode("utf-8", "replace")
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)
    return shown


SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ". ./complete.bash; echo re''ady\n"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D; . ./complete.zsh; echo re''ady\n"),
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("kdoctor check --fo\t", "--format"),
        ("kdoctor check --format=js\t", "=json"),
        ("kdoctor explain KD10\t\t", "KD109"),
        ("kdoctor recipes show cpu-j\t", "cpu-jax"),
        ("kdoctor check --from rec\t", "recorded\\ facts.json"),
        ("kdoctor check --sysroot b\t", "bin/"),
    ],
)
def test_a_real_shell_completes(home: Path, shell: str, keys: str, expected: str) -> None:
    argv, start = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert expected in typed(home, argv, start, keys, ready="ready", expected=expected)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("kdoctor check --fai", "--fail-on\tExit with 1 from this severity on (error)."),
        ("kdoctor check --format=js", "--format=json"),
        ("kdoctor check --select KD101", "KD101\tdriver-missing"),
        ("kdoctor check --from rec", "recorded facts.json"),
    ],
)
def test_a_real_fish_completes(home: Path, line: str, expected: str) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    command = ("fish", "--no-config", "-c", f"source complete.fish; complete -C '{line}'")
    ran = subprocess.run(command, cwd=home, env=environ(home), capture_output=True, text=True, timeout=60, check=False)
    assert expected in [line.rstrip("\t") for line in ran.stdout.splitlines()]


def test_a_completion_reads_nothing_of_the_machine() -> None:
    """No probe, no loader, no live host is imported, whatever is asked."""
    code = (
        "import os, sys; os.environ['_KDOCTOR_COMPLETE'] = '1'\n"
        "from kdoctor.cli import run\n"
        "run(['check', '--select', 'KD1'])\n"
        "sys.stderr.write(' '.join(sys.modules))\n"
    )
    ran = subprocess.run((sys.executable, "-c", code), cwd=TREE, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("KD101\tdriver-missing\n")
    assert [name for name in ran.stderr.split() if name.startswith(("kdoctor.probes", "kdoctor.host"))] == []


def test_an_unknown_shell_is_a_usage_error() -> None:
    command = (sys.executable, "-m", "kdoctor", "completion", "tcsh")
    ran = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "expected one of bash, zsh, fish" in ran.stderr
