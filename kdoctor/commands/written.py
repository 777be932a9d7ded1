"""`kdoctor check --file`: read the files that the user named, and what they name, and judge what they would make."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec
import tomli

from kdoctor import __version__
from kdoctor.check.rank import rank
from kdoctor.check.registry import find_rules
from kdoctor.check.written import dockerfile, pyproject, requirements_txt
from kdoctor.check.written.conda_spec import conda_spec
from kdoctor.check.written.judge import diagnosed, judged
from kdoctor.commands.check import NOBODY, Checked, read_input, select_rules
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.facts.base import SCHEMA, Facts
from kdoctor.model.facts.written import Asked, Written, WrittenFile
from kdoctor.model.report import REPORT_SCHEMA, Report
from kdoctor.model.trouble import Trouble

MAX_BYTES = 1 << 20
MOST_FILES = 20
Named = tuple[str, str, str]  # "pip" or "conda", the name as written, the place; no place for what the user named
NO_TEXTS: Mapping[str, tuple[str, str]] = {}


def check_files(paths: tuple[str, ...], select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()) -> Checked:
    """The report on these files. Raises Trouble for what can not be read."""
    started = time.monotonic()
    rules = find_rules().items
    chosen = select_rules(rules, select, ignore)
    verdicts = [judged(written(path)) for path in dict.fromkeys(paths)]
    found = diagnosed(verdicts, chosen)
    findings = rank(found.findings, rules, ranking())
    section = Written(files=tuple(verdict.file for verdict in verdicts))
    report = Report(
        schema=REPORT_SCHEMA,
        kdoctor=__version__,
        origin="written",
        primary=findings[0] if findings else None,
        findings=findings,
        outcomes=found.outcomes,
        facts=Facts(schema=SCHEMA, origin="written", sections={"written": section}),
        seconds=round(time.monotonic() - started, 3),
    )
    return Checked(report=report, user=NOBODY, rules=rules)


def written(path: str) -> WrittenFile:
    """What one file asks for, with what it names. Raises Trouble."""
    name = path.replace("\\", "/").rpartition("/")[2]
    low = name.lower()
    if low.endswith((".yml", ".yaml")):
        file, more = _environment(path)
        return _with(file, [("pip", one, where) for one, where in more])
    if low == "pyproject.toml":
        return _project(path)
    if low.startswith(("dockerfile", "containerfile")) or low.endswith(("dockerfile", "containerfile")):
        found = dockerfile.read(text_of(path), path)
        return _with(found.written, list(found.files), found.texts)
    if low.endswith((".txt", ".in")):
        return _with(WrittenFile(path=path, kind="requirements"), [("pip", path, "")])
    hint = "Expected a requirements .txt, an environment .yml, pyproject.toml or a Dockerfile."
    raise Trouble(
        "file-of-unknown-kind", f"--file {path}: by its name it is none that kdoctor reads", hint=hint, code=2
    )


def text_of(path: str) -> str:
    """The text of a file. Raises Trouble for one that is too large or no text."""
    data = read_input(path)
    if len(data) > MAX_BYTES:
        raise Trouble("file-too-large", f"{path} is larger than {MAX_BYTES >> 20} MB, which no such file is")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Trouble("file-not-text", f"{path} is not text") from error
    if "\0" in text:
        raise Trouble("file-not-text", f"{path} is not text")
    return text


def _project(path: str) -> WrittenFile:
    try:
        return pyproject.read(text_of(path), path)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise Trouble("file-not-understood", f"{path} is not TOML: {error or 'nested too deeply'}") from error


def _environment(path: str) -> tuple[WrittenFile, tuple[tuple[str, str], ...]]:
    try:
        from kdoctor.check.written import environment_yml
    except ModuleNotFoundError as error:
        hint = "Install it: `pip install 'keras-doctor[files]'`."
        raise Trouble("yaml-missing", f"{path}: PyYAML, which reads such files, is not installed", hint=hint) from error
    try:
        return environment_yml.read(text_of(path), path)
    except environment_yml.NotYamlError as error:
        raise Trouble("file-not-understood", f"{path} is no environment of conda: {error}") from error


def _with(file: WrittenFile, named: list[Named], texts: Mapping[str, tuple[str, str]] = NO_TEXTS) -> WrittenFile:
    """The file with the packages of those that it names, and of those that these name, each read once.

    Only files below or beside it are read; one that is not there is kept as not read: it may be made when the file is
    used. ``texts``: of files that stand in it, with their places.
    """
    folder = file.path.replace("\\", "/").rpartition("/")[0]
    packages: list[Asked] = list(file.packages)
    unread: list[str] = []
    seen: set[str] = set()
    while named:
        kind, name, where = named.pop(0)
        inside = name.rpartition("/")[2] if name.startswith("/") and where else name  # a path in the image
        path = f"{folder}/{inside}" if folder and where else inside
        if path in seen or len(seen) >= MOST_FILES:
            continue
        seen.add(path)
        if where and ("://" in name or not inside):
            unread.append(name)
            continue
        try:
            more, further = _lines(kind, *texts[name]) if name in texts else _named(kind, path)
        except Trouble:
            if not where:  # the file that the user gave
                raise
            unread.append(name)
            continue
        packages += more
        named += further
    return msgspec.structs.replace(file, packages=tuple(packages), unread=tuple(unread))


def _named(kind: str, path: str) -> tuple[tuple[Asked, ...], list[Named]]:
    if path.lower().endswith((".yml", ".yaml")):
        file, more = _environment(path)
        return file.packages, [("pip", name, where) for name, where in more]
    return _lines(kind, text_of(path), path)


def _lines(kind: str, text: str, path: str) -> tuple[tuple[Asked, ...], list[Named]]:
    if kind == "conda":
        lines = enumerate(text.splitlines(), 1)
        specs = (conda_spec(line, f"{path}:{number}") for number, line in lines if line[:1] not in "#@")
        return tuple(spec for spec in specs if spec is not None), []
    found = requirements_txt.read(text, path)
    return found.packages, [("pip", name, where) for name, where in found.files]
