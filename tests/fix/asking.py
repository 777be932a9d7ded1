"""Questions and orders as the tests ask them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kdoctor.fix.execute import Order, Verdict
from kdoctor.fix.install import Way
from kdoctor.fix.solve import GPU_PACKAGES, Question, Solution, VirtualPackage, solve
from tests.fix.channel import MACHINE, StandIn


def question(channel: str, folder: Path, *specs: str, cuda: str = "12.6", **changes: Any) -> Question:  # noqa: ANN401
    """A question to one channel, of a machine with a GPU unless ``cuda`` is ""."""
    virtual = tuple(VirtualPackage(name, version) for name, version in MACHINE)
    asked = Question(
        specs=specs or ("tensorflow", "keras", "python"),
        channels=(channel,),
        subdir="linux-64",
        virtual_packages=(*virtual, VirtualPackage("__cuda", cuda)) if cuda else virtual,
        cache=str(folder / "repodata"),
        gpu=GPU_PACKAGES,
        retries=0,
        timeout_s=30.0,
    )
    return msgspec.structs.replace(asked, **changes)


def solved(asked: Question) -> Solution:
    """The solution; a test that gets anything else fails."""
    found = solve(asked)
    assert isinstance(found, Solution), found
    return found


def order(solution: Solution, folder: Path, name: str = "env", **changes: Any) -> Order:  # noqa: ANN401
    """An order for an environment in ``folder``/envs."""
    way = Way(cache=str(folder / "packages"), retries=0, timeout_s=60.0)
    asked = Order(solution=solution, prefix=str(folder / "envs" / name), way=way)
    return msgspec.structs.replace(asked, **changes)


def good(_: str) -> Verdict:
    """What a verification says of a good environment."""
    return Verdict(is_good=True)


def names(folder: Path) -> list[str]:
    """What lies in a directory, hidden names too; nothing where it does not exist."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def one_package(folder: Path, **package: Any) -> Solution:  # noqa: ANN401
    """A solution of one package that is made for the test."""
    channel = StandIn(folder / "channel")
    channel.add("thing", **package)
    return solved(question(channel.write().url, folder, "thing"))


needs_rattler = pytest.mark.skipif(not importlib.util.find_spec("rattler"), reason="needs py-rattler")
