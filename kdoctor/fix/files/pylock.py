"""pylock.toml (PEP 751): as uv wrote it, with the reason above each package that the recipe asks for."""

from __future__ import annotations

import re

from kdoctor.fix.conda import without_credentials
from kdoctor.fix.files.comments import head, why
from kdoctor.fix.files.pinned import Pinned

OPTION = "--requirements"
_PACKAGE = re.compile(r'^\[\[packages\]\]\nname = "([^"\n]*)"$', re.MULTILINE)


def pylock_toml(pinned: Pinned) -> str:
    """The whole file."""
    pins = {pin.name: pin for pin in pinned.wheels}

    def explained(match: re.Match[str]) -> str:
        reasons = why(pins[match[1]]) if match[1] in pins else []
        return "\n".join((*reasons, match[0]))

    text = _PACKAGE.sub(explained, without_credentials(pinned.pylock).strip())
    return "\n".join((*head(pinned, OPTION), "", text)) + "\n"
