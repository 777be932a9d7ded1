"""The search that tries a pattern only where a text that it needs occurs."""

from __future__ import annotations

import pytest

from kdoctor.knowledge.clues import clues
from kdoctor.knowledge.signatures import signatures
from kdoctor.symptoms.match import Matcher

ROWS = [(row.id, row.regex, row.sample) for row in signatures()] + [(row.id, row.regex, row.sample) for row in clues()]


@pytest.mark.parametrize(("name", "regex", "sample"), ROWS, ids=[row[0] for row in ROWS])
def test_the_sample_of_each_pattern_is_found(name: str, regex: str, sample: str) -> None:
    matcher = Matcher([(name, regex, ())])
    assert [found for line in sample.splitlines() for found in matcher.signs(line)][:1] == [name]
    assert matcher.finder.places(sample.encode() + b"\n")


def test_a_match_hides_what_it_overrides_on_its_line() -> None:
    matcher = Matcher([("wide", "cannot open", ()), ("narrow", "libnvinfer.*cannot open", ("wide",))])
    assert list(matcher.signs("libnvinfer.so.7: cannot open")) == ["narrow"]
    assert list(matcher.signs("libcudart: cannot open")) == ["wide"]


def test_a_pattern_that_needs_no_text_is_tried_on_every_line() -> None:
    matcher = Matcher([("digits", r"^\d+$", ())])
    assert matcher.finder.places(b"a\n12\n") == [1, 4]
    assert list(matcher.signs("12")) == ["digits"]


def test_named_groups_come_with_a_match() -> None:
    assert Matcher([("a", r"needs (?P<need>\d+)(?P<more>,)?", ())]).signs("needs 3") == {"a": {"need": "3"}}
