"""pyproject.toml: the dependencies of a project, those of its extras and groups, and the Pythons that it is for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import tomli
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kdoctor.check.written.requirements_txt import requirement
from kdoctor.model.facts.written import Asked, WrittenFile

MOST = 2000  # packages that are looked at; no project asks for so many


def read(text: str, path: str) -> WrittenFile:
    """The file; raises tomli.TOMLDecodeError or RecursionError for what is no TOML.

    Extras and dependency groups count as asked for: one of them may be what brings CUDA.
    """
    document = tomli.loads(text)
    project = _table(document, "project")
    packages: list[Asked] = []
    for entry in islice(_entries(document, project), MOST):
        found = requirement(entry, f"{path}:{_line(text, entry)}")
        packages += [found] if found is not None else []
    python = project.get("requires-python")
    poetry = _table(_table(_table(document, "tool"), "poetry"), "dependencies")
    some = islice(poetry.items(), MOST)
    packages += [item for name, value in some if (item := _poetry(name, value, text, path)) is not None]
    return WrittenFile(
        path=path,
        kind="project",
        packages=tuple(packages),
        python=_specifiers(python) if isinstance(python, str) else "",
        python_where=f"{path}:{_line(text, 'requires-python')}" if isinstance(python, str) else "",
    )


def _table(document: Any, name: str) -> dict[str, Any]:  # noqa: ANN401  TOML of anybody
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _entries(document: dict[str, Any], project: dict[str, Any]) -> Iterator[str]:
    lists = [project.get("dependencies")]
    lists += _table(project, "optional-dependencies").values()
    lists += _table(document, "dependency-groups").values()
    for some in lists:
        yield from (entry for entry in some if isinstance(entry, str)) if isinstance(some, list) else ()


def _poetry(name: str, value: object, document: str, path: str) -> Asked | None:
    """A dependency as Poetry writes it: `^2.16` is >=2.16 up to the next major."""
    if name == "python":
        return None
    version = value.get("version", "") if isinstance(value, dict) else value
    extras = value.get("extras", []) if isinstance(value, dict) else []
    text = version if isinstance(version, str) else ""
    if text.startswith("^"):
        low = text[1:]
        head = low.partition(".")[0]
        text = f">={low},<{int(head) + 1}" if head.isascii() and head.isdecimal() and len(head) < 6 else ""  # noqa: PLR2004
    elif text[:1].isdigit():
        text = f"=={text}"
    spec = "" if text == "*" else _specifiers(text)
    extra = (
        f"[{','.join(item for item in extras if isinstance(item, str))}]" if isinstance(extras, list) and extras else ""
    )
    return requirement(f"{name}{extra}{spec}", f"{path}:{_line(document, name)}")


def _specifiers(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        return ""


def _line(text: str, entry: str) -> int:
    """The first line that holds an entry as TOML writes it, 1 where none does."""
    place = text.find(entry)
    return text.count("\n", 0, place) + 1 if place >= 0 else 1
