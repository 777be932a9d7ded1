"""Both searches find the same in all bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.symptoms.find import FEW, finder

TEXTS = ("gpu", "cuda", "gpus", "da g", "a(b", "\n", "x\\y", ".0")


def test_places_are_the_last_characters_in_any_case() -> None:
    assert finder(["gpu", "no "]).places(b"No GPU\nno gpu") == [2, 5, 9, 12]


@pytest.mark.parametrize("quick", [True, False])
def test_no_texts_are_nowhere(quick: bool) -> None:  # noqa: FBT001
    search = finder([], quick=quick)
    assert (search.places(b"gpu"), search.texts(b"gpu")) == ([], set())


@given(st.lists(st.one_of(st.sampled_from(TEXTS), st.text("gpucda Gx\\y\n.0(b", max_size=4)), max_size=40))
def test_both_searches_find_the_same(parts: list[str]) -> None:
    data = "".join(parts).encode().ljust(FEW)
    quick, plain = finder(TEXTS), finder(TEXTS, quick=False)
    assert quick.places(data) == plain.places(data)
    assert quick.texts(data) == plain.texts(data)


@given(st.binary(max_size=400))
def test_both_searches_agree_on_any_bytes(data: bytes) -> None:
    texts = ["a", "\n", "(", "00"]
    assert finder(texts).places(data) == finder(texts, quick=False).places(data)
