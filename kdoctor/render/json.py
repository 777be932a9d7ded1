"""A report, facts, a plan: anything that kdoctor prints, as one JSON document."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from kdoctor.host import User
from kdoctor.model.codec import to_builtins
from kdoctor.model.redact import Redactor, clean, each_text

_STEERING = re.compile(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|#(?=#\[)")  # others JSON escapes itself


def render(document: object, *, redact_for: User | None) -> str:
    """Indented JSON; ``redact_for`` None keeps personal values."""
    return encoded(each_text(to_builtins(document), change_for(redact_for)))


def change_for(redact_for: User | None) -> Callable[[str], str]:
    """What is done to every text of a document before it leaves the machine."""
    if redact_for is None:
        return clean
    return Redactor(user_name=redact_for.name, host_name=redact_for.host_name).cleaned


def encoded(plain: object) -> str:
    """Indented; what steers a terminal, or the job whose log it is in, is written as an escape of JSON."""
    text = msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
