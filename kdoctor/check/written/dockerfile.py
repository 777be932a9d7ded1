"""Dockerfile: the stage that becomes the image, what it begins with, and what its RUN lines install.

Followed are `pip install`, `uv pip install` and `conda install` or `create` and their like, in the last stage and in
those that it is built from or copies from. Nothing is executed; a variable has the value that ARG or ENV gives it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from kdoctor.check.written.conda_spec import conda_spec
from kdoctor.check.written.requirements_txt import Lines, installed, words_of
from kdoctor.model.facts.written import Asked, Image, Setting, WrittenFile

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>\w+))", re.ASCII)
_HEREDOC = re.compile(r"<<-?[\"']?(?P<end>\w+)[\"']?")
_PARTS = re.compile(r"&&|\|\||;|\n|\|")
_PIP = re.compile(r"(?:^|\s)(?:\S*/)?(?:python[\d.]*\s+-m\s+pip|pip[\d.]*|uv\s+pip)\s+install\s", re.ASCII)
_CONDA = re.compile(r"(?:^|\s)(?:\S*/)?(?:conda|mamba|micromamba)\s+(?:env\s+)?(?:install|create|update)\s")
_OF_SYSTEM = re.compile(r"\b(?:apt-get|apt|dnf|yum|zypper)\b")
_CUDA = re.compile(r"\b(?:cuda|libcudnn|libcublas|nvidia-cuda)")
MOST_STAGES = 100
CONDA_VALUES = ("-n", "--name", "-p", "--prefix", "-c", "--channel", "-f", "--file", "--solver", "--python")


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """One instruction: its name in capitals, the rest of it with continued lines joined, and its line.

    ``body``: the text of the here-document of a COPY.
    """

    name: str
    rest: str
    line: int
    body: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and the files that its RUN lines name, by kind ("pip" or "conda"), with the place.

    ``texts``: of files that stand in it as here-documents, by their path in the image.
    """

    written: WrittenFile
    files: tuple[tuple[str, str, str], ...]
    texts: Mapping[str, tuple[str, str]]


def instructions(text: str) -> Iterator[Instruction]:
    """In order; comments are left out, the text of a here-document belongs to its instruction."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        parts = [line.strip()]
        while parts[-1].endswith("\\"):
            _, more = next(lines, (0, ""))
            if not more.lstrip().startswith("#"):
                parts[-1] = parts[-1][:-1]
                parts.append(more.strip())
        whole = " ".join(parts)
        name, _, rest = whole.partition(" ")
        heredoc = _HEREDOC.search(rest) if name.upper() in ("RUN", "COPY", "ADD") else None
        body = []
        if heredoc:
            for _, more in lines:
                if more.strip() == heredoc["end"]:
                    break
                body.append(more)
        text_of = "\n".join(body) if heredoc and name.upper() == "RUN" else rest.strip()
        kept = "\n".join(body) if name.upper() == "COPY" else ""
        yield Instruction(name=name.upper(), rest=text_of, line=number, body=kept)


def read(text: str, path: str) -> Found:
    """The last stage, with all that goes into it."""
    stages = _stages(text)
    wanted = _needed(stages)
    variables: dict[str, str] = dict(stages[0].arguments) if stages else {}
    packages: list[Asked] = []
    files: list[tuple[str, str, str]] = []
    settings: list[Setting] = []
    other = ""
    texts: dict[str, tuple[str, str]] = {}
    for stage in (stage for number, stage in enumerate(stages) if number in wanted):
        for item in stage.instructions:
            where = f"{path}:{item.line}"
            if item.name in ("ARG", "ENV"):
                pairs = dict(_pairs(item, variables))
                variables |= pairs
                settings += [Setting(name=name, value=value, where=where) for name, value in pairs.items()]
            elif item.body:
                texts[item.rest.split()[-1]] = (item.body, where)
            elif item.name == "RUN":
                for command in _commands(expanded(item.rest, variables)):
                    lines, more = _installs(command, where)
                    packages += lines
                    files += more
                    if not other and _OF_SYSTEM.search(command) and _CUDA.search(command):
                        other = where
    image = _image(stages, path) if stages else None
    python = next((item for item in packages if item.name == "python" and item.manager == "conda"), None)
    written = WrittenFile(
        path=path,
        kind="image",
        packages=tuple(packages),
        python=python.spec if python else "",
        python_where=python.where if python else "",
        image=image,
        settings=tuple(settings),
        alone=True,
        other_cuda=other,
    )
    return Found(written=written, files=tuple(files), texts=texts)


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """What follows one FROM; ``base``: the image or the stage that it begins with, ``arguments``: of before it."""

    base: str
    name: str
    line: int
    arguments: tuple[tuple[str, str], ...]
    instructions: tuple[Instruction, ...]


def _stages(text: str) -> list[Stage]:
    arguments: dict[str, str] = {}
    begun: list[tuple[Instruction, tuple[tuple[str, str], ...], list[Instruction]]] = []
    for item in instructions(text):
        if item.name == "FROM":
            begun.append((item, tuple(arguments.items()), []))
        elif begun:
            begun[-1][2].append(item)
        elif item.name == "ARG":
            arguments |= dict(_pairs(item, arguments))
    return [_stage(*parts) for parts in begun[-MOST_STAGES:]]


def _stage(begin: Instruction, arguments: tuple[tuple[str, str], ...], items: list[Instruction]) -> Stage:
    words = [word for word in begin.rest.split() if not word.startswith("--")] or [""]
    name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""  # noqa: PLR2004
    base = expanded(words[0], dict(arguments))
    return Stage(base=base, name=name, line=begin.line, arguments=arguments, instructions=tuple(items))


def _needed(stages: list[Stage]) -> set[int]:
    """The numbers of the last stage and of those that it is built from or copies from."""
    numbers = {stage.name: number for number, stage in enumerate(stages) if stage.name}
    wanted: set[int] = set()
    left = [len(stages) - 1] if stages else []
    while left:
        number = left.pop()
        if number in wanted:
            continue
        wanted.add(number)
        named = [stages[number].base.lower()]
        for item in stages[number].instructions:
            copied = re.search(r"--from=(\S+)", item.rest) if item.name == "COPY" else None
            named += [copied[1].lower()] if copied else []
        left += [numbers[name] for name in named if name in numbers]
        left += [int(name) for name in named if name.isdecimal() and len(name) < 4 and int(name) < len(stages)]  # noqa: PLR2004
    return wanted


def _image(stages: list[Stage], path: str) -> Image | None:
    """What the last stage begins with, through the stages that it is built from."""
    by_name = {stage.name: stage for stage in reversed(stages) if stage.name}
    stage, seen = stages[-1], set[str]()
    while stage.base.lower() in by_name and stage.base.lower() not in seen:
        seen.add(stage.base.lower())
        stage = by_name[stage.base.lower()]
    name, _, tag = stage.base.partition("@")[0].rpartition(":")
    if not name or "/" in tag:
        name, tag = stage.base.partition("@")[0], ""
    return Image(name=name.removeprefix("docker.io/").removeprefix("library/"), tag=tag, where=f"{path}:{stage.line}")


def _pairs(item: Instruction, variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    words = words_of(item.rest)
    if item.name == "ENV" and words and "=" not in words[0]:
        yield words[0], expanded(" ".join(words[1:]), variables)
        return
    for word in words:
        name, sign, value = word.partition("=")
        if sign:
            yield name, expanded(value, variables)


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """With the values of variables; one that has none stays as it is.

    >>> expanded("nvidia/cuda:${CUDA}-base-$OS-${X:-y}", {"CUDA": "12.1"})
    'nvidia/cuda:12.1-base-$OS-y'
    """

    def value(match: re.Match[str]) -> str:
        return variables.get(match["braced"] or match["bare"], match["default"] or match[0])[:1000]

    return _VARIABLE.sub(value, text[:20_000])


def _commands(text: str) -> Iterator[str]:
    """The single commands of a RUN line, in the shell's form or as a JSON array."""
    if text.startswith("["):
        try:
            words = msgspec.json.decode(text, type=list[str])
        except msgspec.MsgspecError:
            words = []
        yield " ".join(words)
        return
    yield from (part.strip() for part in _PARTS.split(text) if part.strip())


def _installs(command: str, where: str) -> tuple[tuple[Asked, ...], list[tuple[str, str, str]]]:
    pip = _PIP.search(command + " ")
    if pip:
        lines = installed(words_of(command[pip.end() :]), where)
        return lines.packages, [("pip", name, place) for name, place in lines.files]
    conda = _CONDA.search(command + " ")
    if conda is None:
        return (), []
    lines, files = _by_conda(words_of(command[conda.end() :]), where)
    return lines.packages, [("conda", name, where) for name in files]


def _by_conda(words: list[str], where: str) -> tuple[Lines, list[str]]:
    packages, files, channel = [], [], ""
    rest = iter(words)
    for word in rest:
        option, _, joined = word.partition("=")
        if option in CONDA_VALUES and word.startswith("-"):
            value = joined or next(rest, "")
            files += [value] if option in ("-f", "--file") else []
            channel = channel or (value if option in ("-c", "--channel") else "")
        elif not word.startswith("-") and (found := conda_spec(word, where)) is not None:
            packages.append(msgspec.structs.replace(found, index=found.index or channel))
    return Lines(packages=tuple(packages)), files
