"""Take personal values out of a document before it leaves the machine: the user's name, homes, host, GPU identities.

Placeholders are stable within a document, so that two mentions of one thing stay one thing, and a text that is
redacted already stays as it is. The environment is an allow-list already when it is measured; nothing else personal
is ever recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_HOMES = re.compile(r"(?P<base>/home/|/Users/|\b[A-Za-z]:\\+Users\\+)(?P<name>[^/\\:;,\s\"'.][^/\\:;,\s\"']*)")
_UUID = re.compile(r"\b(GPU|MIG)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLACEHOLDER_NAME = re.compile(r"user\d*")
_PLACEHOLDER_UUID = "00000000-0000-0000-0000-"
SHORTEST_NAME = 3
SHORTEST_HOST = 5
NOT_PERSONAL = frozenset((
    "root", "user", "ubuntu", "debian", "fedora", "nobody", "jovyan", "runner", "localhost", "admin", "docker",
    "vscode", "coder", "app", "appuser", "worker", "guest", "dev", "proc", "sys", "etc", "bin", "lib", "usr", "var",
    "opt", "tmp", "home", "local", "data", "work", "workspace", "test", "build", "ray", "dask", "spark", "slurm",
    "python", "conda", "mamba", "micromamba", "cuda", "cudnn", "nvidia", "keras", "tensorflow", "torch", "pytorch",
    "jax", "gpu", "site-packages",
))  # fmt: skip


def clean(value: str) -> str:
    """Text that JSON and a terminal can hold: what is no character, as in a file name that is not UTF-8, is U+FFFD."""
    return value if value.isascii() else _SURROGATE.sub("\ufffd", value)


class Redactor:
    """One document's placeholders."""

    def __init__(self, *, user_name: str = "", host_name: str = "") -> None:
        """``user_name`` and ``host_name``: whose machine it is; "" where that is not known."""
        self.people: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        self._done: dict[str, str] = {}
        self.exact: list[tuple[re.Pattern[str], str]] = []
        if len(user_name) >= SHORTEST_NAME and user_name not in NOT_PERSONAL:
            self._person(user_name)
            self.exact.append((_word(user_name), "user"))
        if len(host_name) >= SHORTEST_HOST and host_name not in NOT_PERSONAL:
            self.exact.append((_word(host_name), "host"))

    def _person(self, name: str) -> str:
        if _PLACEHOLDER_NAME.fullmatch(name):
            return name
        number = len(self.people) + 1
        return self.people.setdefault(name, "user" if number == 1 else f"user{number}")

    def cleaned(self, value: str) -> str:
        """One text, redacted and fit for JSON; the same text is worked on once."""
        if value not in self._done:
            self._done[value] = self.text(clean(value))
        return self._done[value]

    def text(self, value: str) -> str:
        """One text, redacted."""
        value = _HOMES.sub(lambda match: match["base"] + self._person(match["name"]), value)
        value = _UUID.sub(lambda match: self._device(match[0]), value)
        for pattern, placeholder in self.exact:
            value = pattern.sub(placeholder, value)
        return value

    def _device(self, uuid: str) -> str:
        if _PLACEHOLDER_UUID in uuid:
            return uuid
        number = len(self.devices)
        return self.devices.setdefault(uuid, f"{uuid[:3]}-{_PLACEHOLDER_UUID}{number:012d}")


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")


def each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  JSON in, JSON out
    """Plain JSON values with ``change`` applied to every text, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): each_text(item, change) for key, item in value.items()}
    return value
