"""The tree itself: whatever a text is, it stays a text."""

from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.render.html.tree import LONGEST, add, code, el, page, policy, prose, style, table
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import Page


def written(text: str) -> Page:
    """A page that has the text wherever a text can be."""
    return Page(page(text, el("p", text, el("b"), text, class_=text), el("p", *prose(text)), code(text)))


USUAL = written("a")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_stays_a_text(payload: str) -> None:
    found = written(payload)
    assert found.shape - {("wbr", ())} - {("code", ())} == USUAL.shape - {("code", ())}


@given(st.text(st.characters(), max_size=60))
def test_any_text_stays_a_text(text: str) -> None:
    found = written(text)
    assert found.shape - {("wbr", ()), ("code", ())} == USUAL.shape - {("code", ())}


def test_what_cannot_be_printed_is_shown_as_an_escape() -> None:
    assert Page(page("t", el("p", "a\x00\u202eb"))).first("p") == "a\\x00\\u202eb"


def test_a_text_of_megabytes_is_cut_and_says_so() -> None:
    said = el("p", "x" * (LONGEST + 7)).text
    assert said is not None
    assert (len(said) < LONGEST + 40, said[-27:]) == (True, "x ... and 7 more characters")


def test_words_in_backticks_are_code_and_paths_may_break_behind_a_slash() -> None:
    said = el("p", *prose("Run `kdoctor check` in /a/b."))
    assert tostring(said, encoding="unicode") == ("<p>Run <code>kdoctor check</code> in /<wbr />a/<wbr />b.</p>")


def test_texts_are_joined_in_order_and_empty_ones_left_out() -> None:
    said = add(el("p", "a", None, "", el("b", "c")), "d", "e")
    assert tostring(said, encoding="unicode") == "<p>a<b>c</b>de</p>"


def test_a_table_names_its_rows_and_columns_and_can_be_scrolled_by_keyboard() -> None:
    found = Page(page("t", table("said", ("a", "b"), [("c", "1")], figures=["b"])))
    assert [item for item in found.tags if item[0] in ("th", "td")] == [
        ("th", {"scope": "col"}),
        ("th", {"scope": "col", "class": "figure"}),
        ("th", {"scope": "row"}),
        ("td", {"class": "figure"}),
    ]
    assert ("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "said"}) in found.tags


def test_the_policy_lets_nothing_in_but_the_style_sheet() -> None:
    (said,) = [attributes["content"] for _, attributes in USUAL.tags if "http-equiv" in attributes]
    assert said == policy(style())
    assert [part.split()[0] for part in said.split("; ")] == ["default-src", "style-src", "base-uri", "form-action"]
    assert "unsafe" not in said
    assert "url(" not in style()
