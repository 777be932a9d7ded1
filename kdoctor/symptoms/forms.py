"""What do the answers in a form say? Many stand below their question, and the form itself says much that nobody means.

GitHub's forms put a heading over each answer, templates leave hints and boxes that nobody checked, and a table has its
names in the first row. The lines stay as many as they were: an answer takes in its question where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kdoctor.symptoms.lines import text_of

LONGEST = 100  # characters of an answer that is a fact, and of a question
LINE = 240  # characters of a line that a form has; longer ones are a log's
_HINT = re.compile(
    r"(?i)\s?\((?:e\.?g\b|for example|as opposed to|if compiling|source or binary|use command|optional)[^()]{0,160}\)"
)
_NOBODYS = re.compile(
    r"(?i)^\W{0,12}(?:_?no response_?\W*|[\d.]{0,3}\W{0,3}TF [12]\.0: .?python3? -c .*|\[ \] .*"
    r"|(?:gcc|clang|cmake|libc|cudnn|hip|miopen|cuda runtime)\b.{0,20}: could not collect)$"
)
_COMMENT = re.compile(r"<!--.*?-->")
_HEADING = re.compile(
    r"^(?:#{1,6}\s+(?P<a>.+?)[\s#]*|[-*+]?\s*\*\*(?P<b>[^*]+)\*\*\s*:?|[-*+]?\s*(?P<c>[\w /(),.?-]+):)$"
)
_EMPTY = re.compile(r"(?i)^(?:are|have|do|did|is|what|which)\b.*\byou\b.*\?$|^[A-Za-z /]{2,40}\b(?:versions?|number)$")
_FACT = re.compile(
    r"(?i)version|tensorflow|keras|torch|jax|cuda|cudnn|gpu|\bos\b|platform|operating system|distro|distribution|driver"
    r"|python|hardware|accelerator|graphics"
)
_AFTER_VERSION = re.compile(r"(?i)(?<=\bversion)s?\b.*|^(?:what|which)\s+|\s*\?+$")
_PASSED_OVER = re.compile(r"^\s*(?:`{3}\w*|</?(?:details|summary|p|br|pre|code)>)?\s*$")
_LABELLED = re.compile(r"^\W*[A-Za-z][\w /(),.+-]{1,60}: ?|^\W*$|[.!?]$|^(?:import|from|print|python|pip) ")
_CHECKED = re.compile(r"^\s*[-*]?\s*\[[xX]\]\s+(?P<said>.+)$")
_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+(?:\s*:?-{2,}:?\s*)?$")
_CUDNN_PART = re.compile(r"^\s*#define CUDNN_(?P<part>MAJOR|MINOR) (?P<number>\d+)\s*$")


def answered(block: bytes) -> bytes:
    r"""Whole lines with each answer after its question, and without what only the form says; as many lines.

    >>> answered(b"### CUDA/cuDNN version\n\n11.8 / 8.6\n").decode().splitlines()
    ['', '', 'CUDA/cuDNN version: 11.8 / 8.6']
    """
    lines = [text_of(line) for line in block[:-1].split(b"\n")]
    told = _of_tables(_without_comments(lines))
    return "".join(f"{line}\n" for line in _joined(told)).encode("utf-8", "replace")


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    """Lines without the comments of Markdown, which templates hold; one that has no end is none."""
    waiting: list[str] = []
    for line in lines:
        said = _COMMENT.sub("", line) if "-->" in line else line
        if waiting and "-->" in said:
            yield from ("" for _ in waiting)
            waiting = []
            yield said.partition("-->")[2]
        elif waiting or "<!--" in said:
            waiting.append(said)
        else:
            yield said
    yield from waiting


def _of_tables(lines: Iterable[str]) -> list[str]:
    """Lines in which the one row of a table takes in the names above it; of several nobody knows which is meant."""
    told = list(lines)
    for number in range(1, len(told) - 1):
        rows = told[number - 1], told[number + 1]
        more = told[number + 2] if number + 2 < len(told) else ""
        if (
            len(told[number]) <= LINE
            and _RULE.match(told[number])
            and all("|" in row for row in rows)
            and "|" not in more
        ):
            names, values = (row.strip().strip("|").split("|") for row in rows)
            if len(names) == len(values) > 2:  # noqa: PLR2004  of two columns the first names
                told[number + 1] = ", ".join(
                    f"{name.strip()}: {value.strip()}" for name, value in zip(names, values, strict=True)
                )
                told[number - 1] = ""
    return told


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Each line with the question that it answers."""
    asked, major = "", ""
    for line in lines:
        if len(line) > LINE or _PASSED_OVER.match(line):
            asked = asked if len(line) <= LINE else ""
            yield line
            continue
        said = _HINT.sub("", line)
        if _NOBODYS.match(said):
            yield ""
            continue
        question = _asked(said)
        part = _CUDNN_PART.match(said)
        if part is not None and part["part"] == "MINOR" and major:
            said = f"cuDNN version: {major}.{part['number']} (CUDNN_MAJOR, CUDNN_MINOR)"
        major = part["number"] if part is not None and part["part"] == "MAJOR" else ""
        checked = _CHECKED.match(said)
        if question is not None:
            yield "" if _EMPTY.search(question) else said
            asked = _fact(question)
        elif checked is not None:
            yield checked["said"]  # of several that are checked each answers
        else:
            yield f"{asked}: {said.strip()}" if asked and len(said) <= LONGEST and not _LABELLED.search(said) else said
            asked = ""


def _asked(line: str) -> str | None:
    """The question or name that a line only asks for or announces."""
    match = _HEADING.match(line) if len(line) <= LONGEST else None
    return next(filter(None, match.groups())).strip() if match else None


def _fact(question: str) -> str:
    """The name of the fact that is asked for, "" where it is none that versions or hardware belong to."""
    return _AFTER_VERSION.sub("", question).strip(" :") if _FACT.search(question) else ""
