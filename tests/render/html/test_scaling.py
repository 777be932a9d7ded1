"""The page of workers that trained together: where a step goes, and who is to blame."""

from __future__ import annotations

import msgspec
import pytest

from kdoctor.render.html.scaling import MOST_ROWS, render
from tests.render.html.documents import workers
from tests.render.html.hostile import PAYLOADS
from tests.render.html.pages import Page, poisoned


def test_the_gravest_comes_first_and_each_part_has_its_row_and_bar() -> None:
    page = Page(render(workers()))
    found, text = workers(), " ".join(page.texts["main"][0].split())
    assert text.index(found.verdicts[0].what[:30]) < text.index("Where a step goes")
    bars = [one["value"] for tag, one in page.tags if tag == "meter"]
    assert len(bars) == sum(len(one.parts) + 2 for one in found.scaled)
    assert all(0 <= float(value) <= 1 for value in bars)
    for words in ("exchange of gradients", "waiting for the slowest", "Links, by plain TCP", "n2"):
        assert words in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_workers_say_stays_text(payload: str) -> None:
    page = Page(render(poisoned(workers(), payload)))
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "a", "form"} == set()


def test_many_workers_do_not_make_a_large_page() -> None:
    found = workers()
    many = tuple(msgspec.structs.replace(found.workers[0], rank=rank) for rank in range(4000))
    page = render(msgspec.structs.replace(found, workers=many))
    assert f"{4000 - MOST_ROWS:,} more are left out here" in page
    assert len(page) < 900_000
