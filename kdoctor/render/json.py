"""The report, or facts alone, as one JSON document."""

from __future__ import annotations

import msgspec

from kdoctor.host import User
from kdoctor.model.codec import to_builtins
from kdoctor.model.facts.base import Facts
from kdoctor.model.report import Report
from kdoctor.render.redact import Redactor, clean, each_text


def render(document: Report | Facts, *, redact_for: User | None) -> str:
    """Indented JSON; ``redact_for`` None keeps personal values."""
    plain = each_text(to_builtins(document), clean)
    if redact_for is not None:
        plain = each_text(plain, Redactor(redact_for).text)
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()
