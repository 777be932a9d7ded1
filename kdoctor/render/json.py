"""A report, facts, a plan: anything that kdoctor prints, as one JSON document."""

from __future__ import annotations

import msgspec

from kdoctor.host import User
from kdoctor.model.codec import to_builtins
from kdoctor.model.redact import Redactor, clean, each_text


def render(document: object, *, redact_for: User | None) -> str:
    """Indented JSON; ``redact_for`` None keeps personal values."""
    change = clean
    if redact_for is not None:
        redactor = Redactor(user_name=redact_for.name, host_name=redact_for.host_name)
        change = redactor.cleaned
    plain = each_text(to_builtins(document), change)
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
