"""For pytest: a test marked `gpu` is skipped, with kdoctor's reason, where no such GPU can be used.

pytest imports this module wherever kdoctor is installed; so it is small, and kdoctor itself is imported only once a
marked test is there. A project that registers a marker `gpu` of its own keeps it: this one then stands aside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Union

import pytest

if TYPE_CHECKING:
    from kdoctor.api import CheckResult, Trouble

OPTION = "--kdoctor-require-gpu"
MARKER = (
    'gpu(count=1, memory="", backend=""): needs so many NVIDIA GPUs with so much memory each ("16GiB") that Keras, or '
    "the backend (tensorflow, jax, torch), can use; skipped with kdoctor's reason where there are none"
)
EXAMINED = pytest.StashKey[Union["CheckResult", "Trouble"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the option for machines that have to have a GPU."""
    group = parser.getgroup("kdoctor")
    group.addoption(OPTION, action="store_true", help="fail the tests marked gpu, instead of skipping, without a GPU")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say what is not the usual."""
    return [f"kdoctor: tests marked gpu fail without a GPU ({OPTION})"] if config.getoption(OPTION) else []


def pytest_report_collectionfinish(config: pytest.Config, items: Sequence[pytest.Item]) -> list[str]:
    """Say what kdoctor found, once, where tests are marked and will be run."""
    if not is_ours(config) or config.getoption("verbose") < 0 or config.getoption("collectonly"):
        return []
    marked = sum(1 for item in items if item.get_closest_marker("gpu") is not None)
    if not marked:
        return []
    why = reason(config)
    return [f"kdoctor: {marked} test{'s' if marked > 1 else ''} marked gpu; {why or 'a GPU can be used'}"]


@pytest.hookimpl(tryfirst=True)  # before fixtures are made, and before pytest looks for marks that skip
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail, a marked test whose GPUs are not there."""
    for mark in item.iter_markers("gpu"):
        if not is_ours(item.config):
            return
        why = reason(item.config, mark)
        if why and item.config.getoption(OPTION):
            pytest.fail(f"kdoctor: {why}", pytrace=False)
        elif why:
            item.add_marker(pytest.mark.skip(reason=f"kdoctor: {why}"))  # reported at the test's own place


def is_ours(config: pytest.Config) -> bool:
    """Whether the marker is this plug-in's alone."""
    lines = config.getini("markers")
    return not any(line != MARKER and line.replace("(", ":").partition(":")[0].strip() == "gpu" for line in lines)


def reason(config: pytest.Config, mark: pytest.Mark | None = None) -> str:
    """Why the GPUs of a mark cannot be used, "" where they can; a mark with mistakes fails its test."""
    from kdoctor.api import CheckResult, Trouble

    result = examined(config)
    if not isinstance(result, CheckResult):
        return f"this machine could not be examined: {result}"
    try:
        return result.why_no_gpu(**mark.kwargs) if mark is not None else result.why_no_gpu()
    except (Trouble, TypeError) as error:
        return pytest.fail(f"@pytest.mark.gpu: {error}", pytrace=False)


def examined(config: pytest.Config) -> CheckResult | Trouble:
    """The check of this interpreter, once a process."""
    from kdoctor.api import Trouble, check

    if EXAMINED not in config.stash:
        try:
            config.stash[EXAMINED] = check()
        except Trouble as trouble:
            config.stash[EXAMINED] = trouble
    return config.stash[EXAMINED]
