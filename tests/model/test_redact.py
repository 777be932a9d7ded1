"""Personal values become stable placeholders, system words stay, and what is redacted stays as it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.model.redact import Redactor, clean, each_text

UUID = "GPU-12345678-ABCD-1234-1234-123456789abc"
CHANGED = {
    "/home/alice/x": "/home/user/x",
    "/home/alice/x:/home/bob/y:/home/bob": "/home/user/x:/home/user2/y:/home/user2",
    "/Users/Bob B/x": "/Users/user2 B/x",
    r"C:\Users\bob\x": r"C:\Users\user2\x",
    "/data/alice/env on wonderland.": "/data/user/env on host.",
    "alice2 malice alice-x": "alice2 malice alice-x",
    f"{UUID} {UUID}": "GPU-00000000-0000-0000-0000-000000000000 GPU-00000000-0000-0000-0000-000000000000",
    f"MIG-{UUID}/1/0": "MIG-GPU-00000000-0000-0000-0000-000000000000/1/0",
    "/home": "/home",
}


@pytest.mark.parametrize(("before", "after"), CHANGED.items())
def test_personal_values_become_placeholders(before: str, after: str) -> None:
    assert Redactor(user_name="alice", host_name="wonderland").text(before) == after


@pytest.mark.parametrize("name", ["root", "dev", "cuda", "python", "bo", ""])
def test_a_name_that_is_a_word_of_every_system_stays(name: str) -> None:
    assert Redactor(user_name=name, host_name=name).text("/dev/cuda/root/python/bo") == "/dev/cuda/root/python/bo"


@given(st.lists(st.sampled_from([*CHANGED, *CHANGED.values(), "/home/carol", "/home/user2", "x"]), max_size=6))
def test_redacting_twice_changes_nothing(texts: list[str]) -> None:
    redactor = Redactor(user_name="alice", host_name="wonderland")
    once = [redactor.text(text) for text in texts]
    again = Redactor()
    assert [again.text(text) for text in once] == once


def test_every_text_of_a_document_is_changed_keys_too() -> None:
    assert each_text({"a": ["b", ("c", 1)], "d": None}, str.upper) == {"A": ["B", ["C", 1]], "D": None}


@given(st.text(st.characters(), max_size=20))
def test_cleaned_text_can_be_written(text: str) -> None:
    cleaned = clean(text)
    assert json.loads(json.dumps(cleaned).encode()) == cleaned
    assert len(cleaned.encode()) >= len(cleaned) == len(text)
