"""Pictures: with matplotlib where it is installed, and one clear sentence where it is not."""

from __future__ import annotations

import sys

import pytest

from kdoctor.model.trouble import Trouble
from kdoctor.render.plots import Kind, picture
from tests.bench.build import bench, result

CURVE = tuple(result(0.002 + batch / 1e5, batch_size=batch, losses=(2.0, 1.0, 0.5)) for batch in (16, 64, 256))
SEVERAL = (*CURVE, result(0.002, device="all", batch_size=256))


def test_without_matplotlib_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)  # as if it were not installed
    with pytest.raises(Trouble, match="pictures need matplotlib") as raised:
        picture(bench(*CURVE), "png")
    assert 'pip install "keras-doctor[plots]"' in raised.value.hint


@pytest.mark.parametrize(("kind", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_a_picture_is_drawn(kind: Kind, head: bytes) -> None:
    pytest.importorskip("matplotlib")
    drawn = picture(bench(*SEVERAL), kind)
    assert drawn.startswith(head)


def test_nothing_to_draw_is_told() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(Trouble, match="no result has a curve"):
        picture(bench(result(status="oom")), "png")
