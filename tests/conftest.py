"""Options and fixtures that all tests share."""

from __future__ import annotations

import pytest

from tests.fakegpu import Kit, build

collect_ignore_glob = [
    "machines/*",  # files of machines, build_info.py among them, are data
    "fleet/engine/*",  # plays the part of Ray, in children
    "fleet/cluster.py",  # needs Ray, in a child
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` writes the expected outputs anew; read the difference before you commit it."""
    parser.addoption("--update", action="store_true", help="write the files under golden/ anew")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be written."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """The fake driver, built once."""
    return build(tmp_path_factory.mktemp("fakegpu"))
