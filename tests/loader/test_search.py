"""The static search against this machine's own loader, world by world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.loader.cases import DAMAGE, SEARCH, Case
from tests.loader.cases_loaded import LOADED, NEEDED
from tests.loader.real import HAS_CC, NO_CC, build, real_verdict, static_verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loader.real import Toolbox

pytestmark = pytest.mark.skipif(not HAS_CC, reason=NO_CC)
CASES = {**SEARCH, **DAMAGE, **LOADED, **NEEDED}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_verdict_is_the_real_loaders(case: Case, tools: Toolbox, tmp_path: Path) -> None:
    """What glibc opens, and all that it has loaded at the end, is what we say."""
    world = build(case.world, tmp_path, tools)
    real = real_verdict(world, tmp_path)
    assert static_verdict(world, tmp_path) == real
    assert real.found[-1].endswith(case.expected) if case.expected else not real.found[-1]
