"""Every text of a document is changed but the words of fixed sets; types stay what they are."""

from __future__ import annotations

import msgspec

from kdoctor.model.finding import Evidence, Remedy
from kdoctor.model.retold import retold
from kdoctor.model.version import CudaVersion
from tests.recorded import checked
from tests.render.reports import finding, report

MACHINE = "ubuntu2404-550-rtx3060-tf221-no-extra"


def test_each_free_text_is_changed_and_no_fixed_word() -> None:
    said = finding(
        remedy=Remedy(text="do", commands=("ls",), recipe="r"), evidence=(Evidence("fact", "value", "source"),)
    )
    told = retold(said, str.upper)
    assert (told.what, told.remedy.commands, told.evidence) == (
        "A LIBRARY IS MISSING.",
        ("LS",),
        (Evidence("FACT", "VALUE", "SOURCE"),),
    )
    assert (told.severity, told.role, told.confidence, told.remedy.safety) == ("error", "primary", "certain", "safe")


def test_a_whole_report_keeps_its_types_and_sections() -> None:
    """Versions are no texts, and the names of sections stay."""
    before = checked(MACHINE).report
    after = retold(before, lambda text: f"<{text}>")
    assert list(after.facts.sections) == list(before.facts.sections)
    assert [type(one) for one in after.facts.sections.values()] == [type(one) for one in before.facts.sections.values()]
    assert retold(after, lambda text: text[1:-1]) == before


def test_a_version_is_what_it_was() -> None:
    class Held(msgspec.Struct, frozen=True):
        version: CudaVersion
        names: tuple[str, ...]

    assert retold(Held(CudaVersion("12.5"), ("a",)), str.upper) == Held(CudaVersion("12.5"), ("A",))


def test_texts_in_mappings_are_changed_with_their_names() -> None:
    assert retold(report(), str.upper).kdoctor == "0.1.0"
    assert retold({"a": ("b", 1)}, str.upper) == {"A": ("B", 1)}
