"""requirements.txt, and the words after `pip install`: requirements as pip reads them, each with its line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from kdoctor.model.facts.written import Asked

LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"}
WITH_VALUE = frozenset((
    "--find-links", "-f", "--target", "-t", "--prefix", "--root", "--platform", "--python-version", "--implementation",
    "--abi", "--progress-bar", "--cache-dir", "--timeout", "--retries", "--trusted-host", "--proxy", "--cert", "-e",
    "--editable", "--no-binary", "--only-binary", "--python", "-p", "--log", "--use-feature", "--config-settings",
    "-c", "--constraint", "--constraints", "--build-constraint", "--torch-backend",
))  # fmt: skip
INDEX = ("--index-url", "-i", "--extra-index-url", "--default-index", "--index")
FILES = ("-r", "--requirement", "--requirements")
LONGEST = 400
_COMMENT = re.compile(r"(^|\s)#.*$")


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """What a file asks for; ``files``: others that it names, with the place of the line that does."""

    packages: tuple[Asked, ...]
    files: tuple[tuple[str, str], ...] = ()


def read(text: str, path: str) -> Lines:
    """The whole file."""
    packages: list[Asked] = []
    files: list[tuple[str, str]] = []
    index = ""
    for number, line in logical(text):
        where = f"{path}:{number}"
        words = line.split(maxsplit=1)
        option, _, joined = words[0].partition("=")
        value = joined or (words[1] if len(words) > 1 else "")
        if option in FILES:
            files.append((value.strip(), where))
        elif option in INDEX:
            index = value.strip()
        elif not line.startswith("-"):
            found = requirement(re.split(r"\s--", line, maxsplit=1)[0], where, index)
            packages += [found] if found is not None else []
    with_index = (msgspec.structs.replace(item, index=item.index or index) for item in packages)
    return Lines(packages=tuple(with_index), files=tuple(files))


def logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, joined where one ends in a backslash, with the number of the first."""
    start, kept = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        bare = _COMMENT.sub("", line)
        if bare.endswith("\\"):
            kept += bare[:-1] + " "
            continue
        whole = (kept + bare).strip()
        if whole:
            yield start, whole
        start, kept = 0, ""
    if kept.strip():
        yield start, kept.strip()


def requirement(text: str, where: str, index: str = "") -> Asked | None:
    """A requirement; None for what is none, or does not hold on Linux."""
    try:
        found = Requirement(text.strip()) if len(text) <= LONGEST else None
    except InvalidRequirement:
        return None
    if found is None or not _holds(found):
        return None
    return Asked(
        name=canonicalize_name(found.name),
        manager="pip",
        where=where,
        text=" ".join(text.split()),
        spec=str(found.specifier),
        extras=tuple(sorted(extra.lower() for extra in found.extras)),
        index=index,
    )


def _holds(found: Requirement) -> bool:
    """Whether it is asked for on Linux; markers of the Python version are taken to hold."""
    if found.marker is None or "python" in str(found.marker):
        return True
    return found.marker.evaluate({**LINUX, "extra": ""})


def installed(words: Sequence[str], where: str) -> Lines:
    """What the words after `pip install` ask for."""
    packages: list[Asked] = []
    files: list[tuple[str, str]] = []
    index, rest = "", iter(words)
    for word in rest:
        option, _, joined = word.partition("=")
        if option in FILES:
            files.append((joined or next(rest, ""), where))
        elif option in INDEX:
            index = joined or next(rest, "")
        elif option in WITH_VALUE:
            if not joined:
                next(rest, None)
        elif not word.startswith(("-", ".", "/", "$")):
            found = requirement(word, where)
            packages += [found] if found is not None else []
    return Lines(packages=tuple(msgspec.structs.replace(item, index=index) for item in packages), files=tuple(files))


def words_of(command: str) -> list[str]:
    """The words of a shell command; of one with an open quote those that spaces part."""
    try:
        return shlex.split(command, comments=True)
    except ValueError:
        return command.split()
