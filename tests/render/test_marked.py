"""Text within Markdown means itself, read back by a Markdown parser."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from kdoctor.render import marked

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ODD = (
    "*a* _b_ ~~c~~",
    "[a](b) ![c](d)",
    "<b> &lt;",
    "# a",
    "- a",
    "12. a",
    "+ a",
    "===",
    "> a",
    "a|b",
    "\\*a\\",
    "`",
    "a`b",
)


def shown(markdown: str) -> str:
    """What a reader sees of one paragraph."""
    kinds = {"text": "", "code_inline": "", "text_special": ""}
    blocks = PARSER.parse(markdown)
    assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"], markdown
    pieces = blocks[1].children or []
    assert {piece.type for piece in pieces} <= set(kinds)
    return "".join(piece.content for piece in pieces)


@pytest.mark.parametrize("text", [*ODD, "see https://example.org/ and mail@example.org", "pay $5"])
def test_a_reader_sees_the_text_itself(text: str) -> None:
    assert shown(marked.prose(text)) == text


@pytest.mark.parametrize("text", [*ODD, "``a```b", " ", "a "])
def test_code_is_seen_as_it_is(text: str) -> None:
    assert shown(f"x{marked.code(text)}") == f"x{text}"


def test_commands_in_a_sentence_are_code() -> None:
    assert marked.prose("Run `rm *` or `ls`, *now*.") == "Run `rm *` or `ls`, \\*now\\*."


@pytest.mark.parametrize("text", ["a|b", "a\\|b", "a\\\\|b", "|", "||"])
def test_a_stroke_ends_no_cell(text: str) -> None:
    table = "\n".join(["| a | b |", "|---|---|", marked.row((marked.code(text), marked.escaped(text)))])
    *_, last = [block for block in PARSER.parse(table) if block.type == "inline"]
    assert "".join(piece.content for piece in last.children or ()) == text


@pytest.mark.parametrize("line", ["```", "````` x", "~~~", "a"])
def test_no_line_ends_a_block(line: str) -> None:
    blocks = PARSER.parse("\n".join(marked.block(("first", line, "last"), "sh")))
    assert [(block.type, block.content) for block in blocks] == [("fence", f"first\n{line}\nlast\n")]
