"""The search that tries a pattern only where a text that it needs occurs."""

from __future__ import annotations

import pytest

from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.symptoms.match import Matcher, literals_of

ROWS = [(row.id, row.regex, row.sample) for row in signatures()] + [(row.id, row.regex, row.sample) for row in clues()]


@pytest.mark.parametrize(("name", "regex", "sample"), ROWS, ids=[row[0] for row in ROWS])
def test_the_sample_of_each_pattern_is_found(name: str, regex: str, sample: str) -> None:
    matcher = Matcher([(name, regex, ())])
    assert [found for _, found, _ in matcher.block(sample.splitlines())][:1] == [name]


@pytest.mark.parametrize(
    ("regex", "literals"),
    [
        ("abc+def", ("def",)),
        (r"(?i)Foo\.bar|baz qux", ("baz qux", "foo.bar")),
        ("[abc]{3}xyz?", ()),
        (r"a\d+long text here", ("long text here",)),
        ("(?:one|two) (?:x|yy)", ("one", "two")),
        ("(?:ones)?(?:twice){2} a", ("twice",)),
    ],
)
def test_the_needed_texts_of_an_expression(regex: str, literals: tuple[str, ...]) -> None:
    assert literals_of(regex) == literals


def test_a_match_hides_what_it_overrides_on_its_line() -> None:
    matcher = Matcher([("wide", "cannot open", ()), ("narrow", "libnvinfer.*cannot open", ("wide",))])
    lines = ["libnvinfer.so.7: cannot open", "libcudart: cannot open"]
    assert [(index, name) for index, name, _ in matcher.block(lines)] == [(0, "narrow"), (1, "wide")]
