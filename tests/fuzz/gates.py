"""What `kdoctor check --file`, `--require` and a configuration read, judged to the end."""

from __future__ import annotations

import contextlib
from pathlib import Path

import tomli

from kdoctor.check.requirements import read_requirement
from kdoctor.check.settings import NAMES, settings_in
from kdoctor.check.written import dockerfile, environment_yml, pyproject, requirements_txt
from kdoctor.check.written.judge import judged
from kdoctor.model.facts.written import WrittenFile
from kdoctor.model.trouble import Trouble

CASES = Path(__file__).parent.parent / "check" / "written" / "cases.toml"
SETTINGS = (
    b'[tool.kdoctor]\nrequire = ["gpu>=1"]\nfail-on = "note"\n[tool.kdoctor.env.x]\nstrict = true\n',
    b'require = ["driver>=535,<600", "memory>=16GiB"]\nselect = ["KD1"]\nignore = []\n',
)
REQUIREMENTS = (b"gpu>=1", b"driver.cuda~=12.4", b"memory<24GB", b"keras.backend==jax", b"package:numpy>=2,<3")


def samples(*endings: str) -> tuple[bytes, ...]:
    """The texts of the cases for files of such names."""
    cases = tomli.loads(CASES.read_text(encoding="utf-8"))["case"]
    return tuple(case["text"].encode() for case in cases if case["file"].endswith(endings))


def dockerfiles(data: bytes) -> None:
    """Dockerfiles."""
    judged(dockerfile.read(data.decode("utf-8", "replace"), "Dockerfile").written)


def requirements(data: bytes) -> None:
    """requirements.txt."""
    found = requirements_txt.read(data.decode("utf-8", "replace"), "requirements.txt")
    judged(WrittenFile(path="requirements.txt", kind="requirements", packages=found.packages))


def environments(data: bytes) -> None:
    """environment.yml."""
    with contextlib.suppress(environment_yml.NotYamlError):
        judged(environment_yml.read(data.decode("utf-8", "replace"), "environment.yml")[0])


def projects(data: bytes) -> None:
    """pyproject.toml."""
    with contextlib.suppress(tomli.TOMLDecodeError, RecursionError):
        judged(pyproject.read(data.decode("utf-8", "replace"), "pyproject.toml"))


def settings(data: bytes) -> None:
    """A configuration."""
    for name in NAMES:
        with contextlib.suppress(Trouble):
            settings_in(data, name)


def required(data: bytes) -> None:
    """A requirement, and a value against it."""
    with contextlib.suppress(Trouble):
        found = read_requirement(data.decode("utf-8", "replace"), "--require")
        found.met_by("2.20.0" if found.subject.kind == "version" else "2")
