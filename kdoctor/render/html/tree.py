"""HTML and SVG as a tree of elements: a text is always a value, so that nothing read from a machine becomes markup.

``el`` makes an element; a child or an attribute that is text is escaped when the tree is written, and what cannot be
printed is shown as an escape. The one text that is written as it stands is the style sheet of kdoctor's own.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, tostring

from kdoctor.render.text import visible

Node = Element | str | None
LONGEST = 10_000
_CODE = re.compile(r"`([^`]+)`")


def el(tag: str, *children: Node, **attributes: object) -> Element:
    r"""An element; ``class_`` is the attribute class, and ``aria_label`` is aria-label.

    >>> tostring(el("p", "a < b ", el("b", "c"), "\x1b", class_='"', aria_label="d"), encoding="unicode")
    '<p class="&quot;" aria-label="d">a &lt; b <b>c</b>\\x1b</p>'
    """
    named = {name.rstrip("_").replace("_", "-"): visible(_cut(str(value))) for name, value in attributes.items()}
    return add(Element(tag, named), *children)


def add(parent: Element, *children: Node) -> Element:
    """The parent, with these children behind those that it has; None and "" are left out."""
    for child in children:
        if isinstance(child, Element):
            parent.append(child)
        elif child and len(parent):
            parent[-1].tail = (parent[-1].tail or "") + visible(_cut(child))
        elif child:
            parent.text = (parent.text or "") + visible(_cut(child))
    return parent


def _cut(text: str) -> str:
    """A text of a length that somebody may read."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... and {len(text) - LONGEST} more characters"


def prose(text: str) -> Iterator[Node]:
    """A sentence whose words in backticks are code."""
    for number, part in enumerate(_CODE.split(text)):
        yield from (code(part),) if number % 2 else breakable(part)


def code(text: str) -> Element:
    """A path, a command, a value."""
    return el("code", *breakable(text))


def breakable(text: str) -> Iterator[Node]:
    """Text in which a line may end behind each slash, so that a long path breaks where a reader would break it."""
    first, *rest = re.split(r"(?<=[/\\])(?=[^/\\])", _cut(text))
    yield first
    for part in rest:
        yield el("wbr")
        yield part


def preformatted(text: str, **attributes: object) -> Element:
    """Text with its own line breaks."""
    block = el("pre", **attributes)
    block.text = "\n".join(visible(line) for line in text.split("\n"))
    return block


def folded(summary: str | Element, *children: Node, **attributes: object) -> Element:
    """What is shown when it is asked for."""
    return el("details", el("summary", summary), *children, **attributes)


def left_out(number: int) -> Element:
    """How many more there are than the page shows, and where they are."""
    return el("p", f"{number:,} more are left out here; ", el("code", "--format json"), " has them all.")


def section(title: str, name: str, *children: Node) -> Element:
    """A part of the page with a heading that names it; ``name`` is one of kdoctor's own words."""
    heading = el("h2", title, id=f"{name}-title")
    return el("section", heading, *children, class_=name, id=name, aria_labelledby=f"{name}-title")


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[Node]], *, figures: Collection[str] = ()
) -> Element:
    """A table whose first column names the row, in a box that scrolls; ``figures``: columns set to the right."""
    kinds = [{"class": "figure"} if name in figures else {} for name in head]
    body = el("tbody")
    for first, *rest in rows:
        cells = (add(Element("td", kind), cell) for kind, cell in zip(kinds[1:], rest, strict=True))
        body.append(el("tr", el("th", first, scope="row"), *cells))
    titles = (add(Element("th", {"scope": "col", **kind}), name) for kind, name in zip(kinds, head, strict=True))
    whole = el("table", el("thead", el("tr", *titles)), body, aria_label=caption)
    scroll = el("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)
    return el("div", el("p", caption, class_="caption"), scroll, class_="table")


def style() -> str:
    """The style sheet."""
    data = pkgutil.get_data(__package__, "style.css")
    return data.decode().replace("\r\n", "\n") if data else ""


def policy(sheet: str) -> str:
    """What a browser may load: nothing, and this style sheet. No script, form, frame, picture or other address."""
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def page(title: str, *body: Node) -> str:
    """A whole document."""
    sheet = style()
    styled = Element("style")
    styled.text = sheet
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(sheet)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        styled,
    )
    document = el("html", head, el("body", *body), lang="en")
    return f"<!doctype html>\n{tostring(document, encoding='unicode', method='html')}\n"
