"""Take personal values out of a document before it leaves the machine: the user's name, homes, host, GPU identities.

Placeholders are stable within a document, so that two mentions of one thing stay one thing. The environment is an
allow-list already when it is measured; nothing else personal is ever recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kdoctor.host import User

_HOMES = re.compile(r"(?P<base>/home/|/Users/|\b[A-Za-z]:\\+Users\\+)(?P<name>[^/\\:;\s\"']+)")
_UUID = re.compile(r"\b(GPU|MIG)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
SHORTEST_NAME = 3
SHORTEST_HOST = 5
NOT_PERSONAL = frozenset(("root", "user", "ubuntu", "nobody", "jovyan", "runner", "localhost"))


def clean(value: str) -> str:
    """Text that JSON can hold: bytes of file names that are not UTF-8 become U+FFFD."""
    return value if value.isascii() else value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Redactor:
    """One document's placeholders."""

    def __init__(self, user: User) -> None:
        """``user``: whose machine it is."""
        self.people: dict[str, str] = {}
        self.devices: dict[str, str] = {}
        self.exact: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = []
        if len(user.name) >= SHORTEST_NAME and user.name not in NOT_PERSONAL:
            self._person(user.name)
            self.exact.append((re.compile(rf"(?<![\w-]){re.escape(user.name)}(?![\w-])"), lambda _: "user"))
        if len(user.host_name) >= SHORTEST_HOST and user.host_name not in NOT_PERSONAL:
            self.exact.append((re.compile(rf"(?<![\w-]){re.escape(user.host_name)}(?![\w-])"), lambda _: "host"))

    def _person(self, name: str) -> str:
        if name == "user":
            return name
        number = len(self.people) + 1
        return self.people.setdefault(name, "user" if number == 1 else f"user{number}")

    def text(self, value: str) -> str:
        """One text, redacted."""
        value = _HOMES.sub(lambda match: match["base"] + self._person(match["name"]), value)
        value = _UUID.sub(lambda match: self._device(match[0]), value)
        for pattern, placeholder in self.exact:
            value = pattern.sub(placeholder, value)
        return value

    def _device(self, uuid: str) -> str:
        number = len(self.devices)
        return self.devices.setdefault(uuid, f"{uuid[:3]}-00000000-0000-0000-0000-{number:012d}")


def each_text(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401  JSON in, JSON out
    """Plain JSON values with ``change`` applied to every text, keys included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [each_text(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): each_text(item, change) for key, item in value.items()}
    return value
