"""How a table is read, and what happens to one that does not fit."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from kdoctor.knowledge import tables, tensorflow
from kdoctor.model.version import DriverRelease


def test_a_table_is_parsed_once() -> None:
    assert tensorflow.table() is tensorflow.table()


def test_importing_the_loaders_parses_nothing() -> None:
    program = (
        "from kdoctor.knowledge import conda, cuda, cudnn, gpus, jax, keras, signatures, tensorflow, torch\n"
        "modules = (conda, cuda, cudnn, gpus, jax, keras, signatures, tensorflow, torch)\n"
        "print(sum(module.table.cache_info().currsize for module in modules))\n"
    )
    ran = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "0\n"


def test_a_wrong_version_is_refused_with_its_path() -> None:
    content = tables.read("tensorflow")
    content["release"][3]["min_driver_linux"] = "four hundred"
    with pytest.raises(msgspec.ValidationError, match=r"not a dotted version: 'four hundred'.*release\[3\]"):
        tables.convert(content, tensorflow.TensorflowTable)


def test_a_mistyped_key_is_refused_with_its_path() -> None:
    content = tables.read("tensorflow")
    content["release"][0]["numpyy"] = ">=1"
    with pytest.raises(msgspec.ValidationError, match=r"unknown field `numpyy`.*release\[0\]"):
        tables.convert(content, tensorflow.TensorflowTable)


def test_a_version_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="expected the text of a DriverRelease, got 535"):
        tables.decode_version(DriverRelease, 535)


def test_a_comment_in_a_csv_table_is_no_row() -> None:
    assert tables.read_rows("tensorflow_pins")[0]["version"] == "1.13.1"
