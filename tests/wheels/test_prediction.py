"""What kdoctor predicts without importing TensorFlow is what TensorFlow then says, on every combination."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.fakegpu import Kit
from tests.wheels.combination import Answer, Combination, ask_tensorflow, prepare, read_combinations
from tests.wheels.commandline import Checked, check

pytestmark = pytest.mark.wheels

TENSORRT = "libnvinfer"  # TF 2.15 tries its libraries too and does without them; kdoctor says nothing of them


class Told(msgspec.Struct, frozen=True):
    """Both answers to one combination."""

    row: Combination
    truth: Answer
    checked: Checked


@pytest.fixture(scope="module", params=read_combinations(), ids=lambda row: row.name)
def told(
    request: pytest.FixtureRequest, kit: Kit, venv: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Told:
    """Ask both under the same variables, kdoctor first: it is not to profit from what TensorFlow left."""
    row: Combination = request.param
    prefix = venv(row.venv)
    environ = prepare(row, kit, prefix / "bin/python", tmp_path_factory.mktemp("machine"))
    checked = check(prefix, environ)
    return Told(row, ask_tensorflow(prefix / "bin/python", environ), checked)


def test_tensorflow_still_says_what_the_table_says(told: Told) -> None:
    gpus = None if told.truth.gpus is None else len(told.truth.gpus)
    expected = (told.row.gpus, told.row.returncode, told.row.missing)
    assert expected == (gpus, told.truth.returncode, tuple(told.truth.missing)), told.truth.log


def test_kdoctor_predicts_as_many_gpus_as_tensorflow_lists(told: Told) -> None:
    expected = None if told.truth.gpus is None else len(told.truth.gpus)
    gpus, because = told.checked.predicted
    assert expected == gpus, because
    assert because


def test_each_library_that_tensorflow_tries_is_in_the_state_that_it_meets(told: Told) -> None:
    truth = {**dict.fromkeys(told.truth.opened, "opens"), **dict.fromkeys(told.truth.missing, "fails")}
    truth = {soname: met for soname, met in truth.items() if not soname.startswith(TENSORRT)}
    states = {soname: "opens" if state == "opens" else "fails" for soname, state in told.checked.libraries.items()}
    assert truth == {soname: states.get(soname) for soname in truth}
