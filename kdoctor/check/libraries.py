"""Which libraries does a text miss, and which does it have? The name asked for against those seen on a disk."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdoctor.check.said import NAME, Signs, Text
from kdoctor.model.facts.symptoms import Line

_ON_DISK = ("lib-on-disk", "lib-held")
_PATH = re.compile(rf"(?:[\\/]|^\W*|^[-l][rwx-]{{9}}.*? |-> )(?P<path>{NAME.pattern})")
_HELD = re.compile(
    r"(?i)\b(?:holds?|has|have|contains?|there (?:is|are)|got|offers?|provides?|ships?)"
    rf" (?:\w+ ){{0,3}}[`'\"]?(?P<held>{NAME.pattern})"
    rf"|(?P<placed>{NAME.pattern}) (?:\([\w. ]+\) )?(?:(?:is|are) )?(?:present|there|in|located|installed|exists?)\b"
)
_STEM = re.compile(r"(?i)^(?P<stem>lib\w+|cu[a-z]+)(?:\.so\.?|64_)?(?P<version>[\d.]*)")


def present(text: Text) -> Signs:
    """``missing-on-disk`` where the very file is there, ``missing-other-on-disk`` where another version of it is."""
    there = dict(_there(text))
    for missing, line in text.libraries.items():
        stem, wanted = _parts(missing)
        kind = "cudnn" if "cudnn" in stem else "cuda"
        others = {version: where for name, where in there.items() for of, version in (_parts(name),) if of == stem}
        same = [where for version, where in others.items() if f"{version}.".startswith(f"{wanted}.")]
        if same and wanted:
            yield "missing-on-disk", (line, same[0])
        elif wanted and any(others):
            yield f"{kind}-other-on-disk", (line, next(where for version, where in others.items() if version))


def _there(text: Text) -> Iterator[tuple[str, Line]]:
    """Names of library files that the text shows to be there."""
    for sign, pattern in zip(_ON_DISK, (_PATH, _HELD), strict=True):
        for line in text.lines(sign):
            for match in pattern.finditer(line.text):
                yield next(filter(None, match.groups())), line


def _parts(name: str) -> tuple[str, str]:
    """A library's name without and with its version: ("libcudnn", "8.1.0"), ("cudnn", "7")."""
    match = _STEM.match(name)
    return (match["stem"].lower(), match["version"].rstrip(".")) if match else (name, "")
