"""environment.yml of conda: channels, packages, those of pip below them, variables; each with its line."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from kdoctor.check.written.conda_spec import conda_spec
from kdoctor.check.written.requirements_txt import Lines, installed, requirement
from kdoctor.model.facts.written import Asked, Setting, WrittenFile


class NotYamlError(Exception):
    """The text is no YAML of an environment; the message says where."""


def read(text: str, path: str) -> tuple[WrittenFile, tuple[tuple[str, str], ...]]:
    """The file, and the requirement files that it names. Raises NotYamlError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        said = " ".join(str(getattr(error, "problem", None) or error).split())
        mark = getattr(error, "problem_mark", None)
        raise NotYamlError(f"{f'line {mark.line + 1}: ' if mark else ''}{said or 'nested too deeply'}") from error
    if not isinstance(root, yaml.MappingNode):
        raise NotYamlError("it is no mapping, which an environment is")
    top = {key.value: value for key, value in root.value if isinstance(key, yaml.ScalarNode)}
    packages: list[Asked] = []
    files: list[tuple[str, str]] = []
    for node in _items(top.get("dependencies")):
        if isinstance(node, yaml.ScalarNode):
            found = conda_spec(node.value, _where(node, path))
            packages += [found] if found is not None else []
            continue
        lines = _of_pip(node, path)
        packages += lines.packages
        files += lines.files
    python = next((item for item in packages if item.name == "python" and item.manager == "conda"), None)
    written = WrittenFile(
        path=path,
        kind="environment",
        packages=tuple(packages),
        python=python.spec if python else "",
        python_where=python.where if python else "",
        settings=tuple(_variables(top.get("variables"), path)),
        channels=tuple(node.value for node in _items(top.get("channels")) if isinstance(node, yaml.ScalarNode)),
    )
    return written, tuple(files)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _where(node: yaml.Node, path: str) -> str:
    return f"{path}:{node.start_mark.line + 1}"


def _of_pip(node: yaml.Node, path: str) -> Lines:
    packages: list[Asked] = []
    files: list[tuple[str, str]] = []
    for key, below in node.value if isinstance(node, yaml.MappingNode) else []:
        for item in _items(below) if getattr(key, "value", "") == "pip" else []:
            if not isinstance(item, yaml.ScalarNode):
                continue
            if item.value.startswith("-"):
                files += installed(item.value.split(), _where(item, path)).files
            elif found := requirement(item.value, _where(item, path)):
                packages.append(found)
    return Lines(packages=tuple(packages), files=tuple(files))


def _variables(node: yaml.Node | None, path: str) -> Iterator[Setting]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield Setting(name=key.value, value=value.value, where=_where(key, path))
