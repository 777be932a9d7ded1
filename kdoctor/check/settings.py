"""The configuration: `kdoctor.toml`, or the table `[tool.kdoctor]` of `pyproject.toml`, as values.

Finding and reading the file is the caller's. A key or a rule that does not exist raises Trouble with exit code 2, a
file that is no configuration with 3.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
import tomli

from kdoctor.check.requirements import Required, joined, read_requirement
from kdoctor.model.finding import Severity
from kdoctor.model.trouble import Trouble

MAX_BYTES = 1 << 20
NAMES = ("kdoctor.toml", "pyproject.toml")  # in this order, in one folder
LEVELS = (*get_args(Severity), "never")
KEYS = {"require": list, "select": list, "ignore": list, "fail-on": str, "strict": bool}
OF_PROJECT = {"recipes": list}  # read by `kdoctor recipes` and `fix`, of pyproject.toml
TYPES = {list: "a list of texts", str: "a text", bool: "true or false", dict: "a table"}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration says; None where it says nothing. ``env``: what differs in the environment of that name."""

    path: str = ""
    require: tuple[Required, ...] = ()
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    fail_on: str | None = None
    strict: bool | None = None
    env: Mapping[str, Settings] = {}

    def everywhere(self) -> tuple[Settings, ...]:
        """These, and those of every environment."""
        return (self, *self.env.values())

    def within(self, names: tuple[str, ...]) -> Settings:
        """With the table of the first of these environments that has one; its values win, its requirements add."""
        own = next((self.env[name] for name in names if name in self.env), None)
        return self if own is None else self.under(own)

    def under(self, other: Settings) -> Settings:
        """With the values of another on top."""
        return Settings(
            path=self.path,
            require=joined(self.require, other.require),
            select=self.select if other.select is None else other.select,
            ignore=self.ignore if other.ignore is None else other.ignore,
            fail_on=other.fail_on or self.fail_on,
            strict=self.strict if other.strict is None else other.strict,
        )


NOTHING = Settings()


def settings_in(data: bytes, path: str) -> Settings | None:
    """The settings of a file; None for a `pyproject.toml` that has none. Raises Trouble."""
    of_project = path.replace("\\", "/").rpartition("/")[2] == "pyproject.toml"
    if of_project and b"kdoctor" not in data:
        return None
    if len(data) > MAX_BYTES:
        raise _broken(path, f"is larger than {MAX_BYTES >> 20} MB, which no configuration is")
    try:
        document: Any = tomli.loads(data.decode())
    except (tomli.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken(path, f"is not TOML: {error or 'nested too deeply'}") from error
    if of_project:
        tool = document.get("tool")
        document = tool.get("kdoctor") if isinstance(tool, dict) else None
        if document is None:
            return None
    return _settings(document, path, "", {"env": dict, **(OF_PROJECT if of_project else {})})


def _settings(table: object, path: str, where: str, more: Mapping[str, type]) -> Settings:
    if not isinstance(table, dict):
        raise _slip(path, f"{where or 'kdoctor'}: expected a table")
    keys = {**KEYS, **more}
    for key, value in table.items():
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys)}."
            raise _slip(path, f"there is no setting {_shown(where, key)}", hint)
        if not _is_a(value, keys[key]):
            raise _slip(path, f"{_shown(where, key)}: expected {TYPES[keys[key]]}")
    level = table.get("fail-on")
    if level is not None and level not in LEVELS:
        raise _slip(path, f"{_shown(where, 'fail-on')}: expected one of {', '.join(LEVELS)}")
    return Settings(
        path=path,
        require=tuple(read_requirement(text, path) for text in table.get("require", ())),
        select=_texts(table.get("select")),
        ignore=_texts(table.get("ignore")),
        fail_on=level,
        strict=table.get("strict"),
        env={name: _settings(own, path, f"env.{name}", {}) for name, own in table.get("env", {}).items()},
    )


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind) and (not isinstance(value, list) or all(isinstance(item, str) for item in value))


def _texts(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _shown(where: str, key: str) -> str:
    return f"{f'{where}.{key}' if where else key}"[:80]


def _broken(path: str, message: str) -> Trouble:
    return Trouble("config-unreadable", f"{path} {message}", hint="`--no-config` goes without a configuration.")


def _slip(path: str, message: str, hint: str = "") -> Trouble:
    return Trouble("config-not-understood", f"{path}: {message}", hint=hint, code=2)
