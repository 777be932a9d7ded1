"""`kdoctor explain`: a rule's page, offline; without a rule, the list of all."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Container, Iterator

import msgspec

from kdoctor.check.from_text import TEXT
from kdoctor.check.registry import find_rules, parameters_of
from kdoctor.commands.check import plugins_of
from kdoctor.knowledge import clues
from kdoctor.model.rule import Rule
from kdoctor.model.trouble import Trouble

WIDTH = 80


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as JSON; ``distribution``: whose plug-in it is, "" for kdoctor's own."""

    id: str
    name: str
    cause: str | None
    severity: str
    since: str
    reads: tuple[str, ...]
    explains: tuple[str, ...]
    sources: tuple[str, ...]
    explanation: str
    distribution: str = ""


def page_of(rule: Rule) -> Page:
    """The page of one rule."""
    return Page(
        id=rule.id,
        name=rule.name,
        cause=rule.cause or None,
        severity=rule.severity,
        since=rule.since,
        reads=tuple(dict.fromkeys(section for section, _ in parameters_of(rule.check).values())),
        explains=rule.explains,
        sources=tuple(f"{source.what} (read {source.read})" for source in rule.sources),
        explanation=inspect.cleandoc(rule.explanation),
        distribution=rule.distribution,
    )


def explain(wanted: str, *, as_json: bool, plugins: bool = True) -> str:
    """One page, or the list of all; raises Trouble for a rule that does not exist, with the nearest names."""
    everything = [page_of(rule) for rule in (*find_rules().items, *plugins_of(wanted=plugins).rules)]
    everything += _from_logs({page.name for page in everything})
    pages = [page for page in everything if not wanted or wanted.lower() in (page.id.lower(), page.name)]
    if not pages:
        near = sorted(page.name for page in everything if wanted.lower() in page.name or page.name in wanted)[:5]
        hint = f"Did you mean {', '.join(near)}?" if near else "`kdoctor explain` lists all rules."
        reference = "rule-unknown"
        raise Trouble(reference, f"there is no rule {wanted!r}", hint=hint, code=2)
    if as_json:
        content: object = pages[0] if len(pages) == 1 else pages
        return msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
    return text_of(pages[0]) if len(pages) == 1 else list_of(pages)


def _from_logs(ruled: Container[str]) -> Iterator[Page]:
    """The causes that no rule finds on a machine, only `check --log` in a text."""
    for row in clues.table().causes:
        if row.id not in ruled:
            yield Page(
                id=TEXT,
                name=row.id,
                cause=row.id,
                severity=row.severity,
                since="0.1.0",
                reads=("symptoms",),
                explains=(),
                sources=(),
                explanation=f"{row.what}\n\n{row.why}\n\n{row.do}\n\nOnly a log tells: `kdoctor check --log FILE`.",
            )


def text_of(page: Page) -> str:
    """A page for people."""
    case = f", a case of {page.cause}" if page.cause and page.cause != page.name else ""
    head = f"{page.id}  {page.name}   ({page.severity}{case})"
    paragraphs = [textwrap.fill(" ".join(part.split()), WIDTH) for part in page.explanation.split("\n\n")]
    lines = [head, "", "\n\n".join(paragraphs), ""]
    lines += _list("From", (page.distribution,) if page.distribution else ())
    lines += _list("Reads", page.reads)
    lines += _list("Explains", page.explains)
    lines += ["Sources:"] if page.sources else []
    lines += [textwrap.fill(f"- {source}", WIDTH, subsequent_indent="  ") for source in page.sources]
    return "\n".join(lines) + "\n"


def _list(label: str, names: tuple[str, ...]) -> list[str]:
    text = f"{label}: {', '.join(names)}"
    return [textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)] if names else []


def list_of(pages: list[Page]) -> str:
    """All rules: id and name, and what each finds."""
    lines = []
    for page in pages:
        lines.append(f"{page.id}  {page.name}{f'  (from {page.distribution})' if page.distribution else ''}")
        title = page.explanation.splitlines()[0]
        lines.append(textwrap.fill(title, WIDTH, initial_indent=" " * 7, subsequent_indent=" " * 7))
    lines.append(f"{len(pages)} pages. One of them: kdoctor explain {pages[0].id}")
    return "\n".join(lines) + "\n"
