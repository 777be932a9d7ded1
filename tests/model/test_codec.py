"""Facts to JSON and back lose nothing; whatever is not facts is one Trouble with its place, never another exception."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdoctor.model.codec import MAX_DEPTH, encode_value, facts_from_json, section_kinds, to_builtins
from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.examined import Examined
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import Soname


def document(**sections: Answered) -> bytes:
    return msgspec.json.encode(to_builtins(Facts(schema=SCHEMA, origin="live", sections=sections)))


def test_facts_come_back_as_they_were() -> None:
    sections: dict[str, Answered] = {
        "examined": Examined(interpreter="/usr/bin/python3", chosen_by="the test"),
        "environ": Environ(variables={"PATH": "/bin", "ODD": "\x1b[31m\u2028\U0001f600"}),
        "driver": Absent(looked=("/proc/driver/nvidia/version",)),
        "nvml": Unknown(reason="timed out", tried=("nvml",)),
    }
    assert facts_from_json(document(**sections), "x").sections == sections


def test_facts_inside_a_report_are_taken() -> None:
    inside = json.loads(document(driver=Absent()))
    assert facts_from_json(json.dumps({"schema": 1, "facts": inside}).encode(), "x").sections == {"driver": Absent()}


def test_sections_of_a_later_release_are_left_out() -> None:
    data = b'{"schema":1,"sections":{"quantum":{"state":"found","qubits":3},"driver":{"state":"absent"}}}'
    assert facts_from_json(data, "x").sections == {"driver": Absent()}


def test_every_section_has_a_class_of_its_own() -> None:
    kinds = section_kinds()
    assert {"driver", "environ", "interpreter", "tensorflow"} <= set(kinds)
    assert len(set(kinds.values())) == len(kinds)


def test_versions_are_written_as_text_and_nothing_else_is() -> None:
    assert encode_value(Soname("libcudart.so.12")) == "libcudart.so.12"
    with pytest.raises(NotImplementedError, match="not a value of facts: object"):
        encode_value(object())


@pytest.mark.parametrize(
    ("sections", "place"),
    {
        '{"environ":{"state":"found","variables":{"A":1}}}': "$.sections.environ.variables[...]",
        '{"environ":[]}': "$.sections.environ`",
        '{"environ":{"state":"found"}}': "$.sections.environ`",
        '{"interpreter":{"state":"found","version":3}}': "$.sections.interpreter",
        '{"interpreter":{"state":"found","version":"three"}}': "$.sections.interpreter",
        '{"cuda_toolkits":{"state":"found","items":[{}]}}': "$.sections.cuda_toolkits.items[0]",
    }.items(),
)
def test_an_error_names_its_place_in_the_document(sections: str, place: str) -> None:
    with pytest.raises(Trouble) as refused:
        facts_from_json(b'{"schema":1,"sections":%b}' % sections.encode(), "my.json")
    assert (refused.value.reference, refused.value.code) == ("facts-invalid", 3)
    assert refused.value.message.startswith("my.json: ")
    assert place in refused.value.message


@pytest.mark.parametrize("depth", [MAX_DEPTH, 10_000, 200_000])
def test_deep_nesting_is_refused_at_any_depth(depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    with pytest.raises(Trouble, match=f"nested deeper than {MAX_DEPTH} levels"):
        facts_from_json(b'{"schema":1,"sections":{"driver":%b}}' % nested, "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(section_kinds())), st.dictionaries(st.just("state"), st.just("found")), JSON)
def test_any_json_in_a_section_is_facts_or_trouble(name: str, head: dict[str, Any], value: object) -> None:
    fields = {**head, **dict.fromkeys(section_kinds()[name].__struct_fields__, value)}
    for section in (value, fields):
        data = json.dumps({"schema": 1, "sections": {name: section}}).encode("utf-8", "replace")
        try:
            facts_from_json(data, "x")
        except Trouble as trouble:
            assert trouble.reference in {"facts-invalid", "facts-not-json"}  # noqa: PT017  either is right


@given(st.binary(max_size=40))
def test_any_bytes_are_facts_or_trouble(data: bytes) -> None:
    with pytest.raises(Trouble):
        facts_from_json(data, "x")
