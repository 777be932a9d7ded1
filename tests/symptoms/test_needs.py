"""The texts that an expression needs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.symptoms.needs import smallest, texts_of

ROWS = [(row.id, row.regex) for row in signatures()] + [(row.id, row.regex) for row in clues()]


@pytest.mark.parametrize(
    ("regex", "texts"),
    [
        ("abc+def", {"abc"}),
        (r"(?i)Foo\.bar|baz qux", {"baz qux", "foo.bar"}),
        ("[a-z]{3}xyz?", {"xy"}),
        (r"a\d+long text here", {"long text here"}),
        ("(?:one|two) (?:x|yy)", {"one x", "one yy", "two x", "two yy"}),
        ("(?:ones)?(?:twice){2} a", {"twicetwice a", "onestwicetwice a"}),
        (r"\bos ?x\b", {"os x", "osx"}),
        (r"[^a]\w+|x", set()),
        (r"[a-z]{2,}: (?=never)\S+ (?!no)end", {" end"}),
        ("(?>ab)cd", {"abcd"}),
        ("\u00e9t\u00e9 is", {" is"}),
    ],
)
def test_the_needed_texts_of_an_expression(regex: str, texts: set[str]) -> None:
    if "(?>" in regex and not hasattr(re, "NOFLAG"):
        pytest.skip("atomic groups came with Python 3.11")
    assert texts_of(regex) == texts


def test_every_shipped_expression_needs_a_text() -> None:
    assert [name for name, regex in ROWS if not texts_of(regex)] == []


@given(st.data())
def test_what_matches_has_one_of_the_texts(data: st.DataObject) -> None:
    name, regex = data.draw(st.sampled_from(ROWS))
    line = data.draw(st.from_regex(re.compile(regex, re.ASCII), alphabet=st.characters(codec="ascii")))
    found = re.search(regex, line)
    assert found is None or any(text in found[0].lower() for text in texts_of(regex)), name


@given(st.sets(st.text("abc ", min_size=1, max_size=12)))
def test_each_text_has_a_smaller_one_in_it_that_is_its_own(texts: set[str]) -> None:
    found = smallest(texts)
    assert set(found) == texts
    assert all(short in text and found[short] == short for text, short in found.items())
