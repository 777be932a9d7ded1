"""What a text says, as the marks ask for it: lines of a sign, versions stated, libraries that were not found."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from kdoctor.model.facts.symptoms import Line, Symptoms

Signs = Iterator[tuple[str, tuple[Line, ...]]]
_MISSING = (
    "tf-dlopen-lib", "tf-import-lib-missing", "loader-cannot-open", "torch-lib-not-found", "dll-missing", "old-no-lib",
    "win-cudnn-dll", "win-cudart-dll", "tf-libcuda-missing",
)  # fmt: skip
NAME = re.compile(r"(?:lib(?:cu|nv)[\w+-]+?\.so(?:\.\d+)*|\bcu\w+?64_\w+\.dll|\bnvcuda\.dll)")
_FAMILY = r"lib(?:cudart|cublas|cudnn|cufft|curand|cusolver|cusparse)\b"
_ASKED = re.compile(
    r"(?i)\b(?:look|search|ask|want|need|requir|expect|miss|without)\w*"
    rf"(?: (?:for|to|a|an|the|open|load|find|file|library|called|named))*\W{{1,3}}(?P<asked>{NAME.pattern}|{_FAMILY})"
    rf"|(?:not|unable to) (?:find|load|open) (?:the )?(?P<failed>{_FAMILY})(?!\.so)"
    rf"|(?P<lost>{_FAMILY})(?!\.so)[^.;]{{0,60}}? (?:can ?not|could not|can't|not|couldn't) be (?:opened|loaded|found)"
)


class Text:
    """Symptoms as the marks ask for them."""

    def __init__(self, symptoms: Symptoms) -> None:
        """``symptoms``: of one or several texts."""
        self.seen = {seen.id: seen for seen in symptoms.seen}
        self.all = symptoms
        self.libraries = dict(self._libraries())

    def lines(self, name: str) -> tuple[Line, ...]:
        """The lines of a sign, () where it was not seen."""
        return self.seen[name].lines if name in self.seen else ()

    def stated(self, of: str) -> list[tuple[str, Line]]:
        """Versions that the text names."""
        return [(item.value, item.line) for item in self.all.stated if item.of == of]

    def _libraries(self) -> Iterator[tuple[str, Line]]:
        """Libraries that were not found, by name."""
        for sign in _MISSING:
            for line in self.lines(sign):
                for match in NAME.finditer(line.text.partition("LD_LIBRARY_PATH:")[0]):
                    if "nvinfer" not in match[0]:
                        yield match[0], line
        for line in self.lines("lib-asked"):
            for match in _ASKED.finditer(line.text):
                yield match["asked"] or match["failed"] or match["lost"], line


def compares(text: Symptoms, sign: str) -> tuple[Line, ...]:
    """The lines of versions for which a comparison such as ``tensorflow>=2.11`` holds."""
    of, operator, bound = re.split("(>=|<)", sign)
    found = []
    for item in text.stated:
        version = version_of(item.value) if item.of == of else None
        if version is not None and (version.release >= Version(bound).release) == (operator == ">="):
            found.append(item.line)
    return tuple(found)


def version_of(text: str) -> Version | None:
    """The version in a text, None where it is not one."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
