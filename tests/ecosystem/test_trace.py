"""What kdoctor tells those who listen: on stderr with KDOCTOR_LOG, or through a program's own logging."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kdoctor import api
from kdoctor.host.spawn import spawn
from kdoctor.streams import log_to_stderr

TREE = Path(__file__).resolve().parents[2]


def check(**environ: str) -> subprocess.CompletedProcess[str]:
    command = (
        sys.executable,
        "-m",
        "kdoctor",
        "check",
        "--python",
        sys.executable,
        "--format",
        "json",
        "--fail-on",
        "never",
    )
    return subprocess.run(
        command, cwd=TREE, env={**os.environ, **environ}, capture_output=True, text=True, timeout=60, check=False
    )


def test_probes_and_children_are_told_with_their_time_and_stdout_stays_the_document() -> None:
    ran = check(KDOCTOR_LOG="debug")
    assert ran.stdout.startswith("{")
    assert re.search(
        r"^ *\d+ ms  kdoctor\.check\.collect: probe system: System in \d+\.\d+ s$", ran.stderr, re.MULTILINE
    )
    assert re.search(
        r"^ *\d+ ms  kdoctor\.host\.spawn: child .*: exit status 0 in \d+\.\d+ s$", ran.stderr, re.MULTILINE
    )


def test_without_the_variable_nothing_is_told() -> None:
    assert check(KDOCTOR_LOG="").stderr == ""


def test_a_level_that_there_is_not_is_a_usage_error() -> None:
    ran = check(KDOCTOR_LOG="loud")
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "kdoctor: KDOCTOR_LOG=loud: expected debug.\n")


def test_a_program_hears_it_through_its_own_logging(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="kdoctor"):
        api.check(select="KD6")
    names = {record.name for record in caplog.records}
    assert {"kdoctor.check.collect", "kdoctor.host.spawn"} <= names
    assert {record.levelno for record in caplog.records} == {logging.DEBUG}


def test_a_program_that_does_not_ask_hears_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    api.check(select="KD6")
    assert capfd.readouterr() == ("", "")


def test_a_password_in_an_address_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="kdoctor"):
        spawn(("/bin/echo", "https://me:secret@example.org/simple"), timeout_s=10, environ={})
    assert "https://***@example.org/simple: exit status 0" in caplog.text
    assert "secret" not in caplog.text


def test_nothing_that_is_told_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("kdoctor")
    before = (list(logger.handlers), logger.level)
    try:
        log_to_stderr("debug")
        logging.getLogger("kdoctor.host.spawn").debug("child %s", "\x1b]0;owned\x07\n")
    finally:
        logger.handlers[:], logger.level = before
    assert "child \\x1b]0;owned\\x07\\n\n" in capsys.readouterr().err
