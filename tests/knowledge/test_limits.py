"""Where TensorFlow's and Keras's behaviour changes, as the tables say."""

from __future__ import annotations

import pytest
from packaging.version import Version

from kdoctor.knowledge import keras, tensorflow


def test_every_limit_and_break_names_a_source_of_the_table() -> None:
    table = tensorflow.table()
    known = {source.id for source in table.sources}
    assert {*table.limits.sources, *(row.source for row in table.breaks)} <= known


@pytest.mark.parametrize(
    ("package", "installed", "release", "first_bad"),
    [
        ("numpy", "2.4.6", "2.14.0", "2.0.0"),
        ("numpy", "2.4.6", "2.6.0", "1.24"),
        ("numpy", "2.4.6", "2.18.0", ""),
        ("numpy", "1.23.5", "2.6.0", ""),
        ("protobuf", "4.25.9", "2.11.0", "4"),
        ("protobuf", "4.25.9", "2.12.0", ""),
        ("h5py", "3.0.0", "2.2.3", "3"),
        ("wrapt", "9", "2.2.3", ""),
    ],
)
def test_a_package_breaks_older_releases_from_a_version_on(
    package: str, installed: str, release: str, first_bad: str
) -> None:
    row = tensorflow.broken_by(package, Version(installed), Version(release))
    assert (str(row.first_bad) if row else "") == first_bad


def test_the_oldest_version_that_breaks_anything_is_known() -> None:
    assert tensorflow.first_bad("numpy") == Version("1.24")


@pytest.mark.parametrize(
    ("text", "row"),
    [("2.15.0.post1", "2.15"), ("2.17.0+nv25.2", ""), ("2.15.1+computecanada", ""), ("1.4.0", ""), ("nonsense", "")],
)
def test_only_wheels_of_the_index_have_a_row(text: str, row: str) -> None:
    found = tensorflow.wheel_of(text)
    assert (str(found.version) if found else "") == row


@pytest.mark.parametrize(
    ("version", "has_choice", "is_old"),
    [
        ("1.2.2", False, False),
        ("2.0.0", True, True),
        ("2.3.1", True, True),
        ("2.4.3", False, False),
        ("2.15.0", False, False),
        ("3.0.5", True, False),
        ("3.99.0", True, False),
    ],
)
def test_keras_had_a_choice_of_backends_and_has_it_again(version: str, has_choice: bool, is_old: bool) -> None:  # noqa: FBT001
    release = Version(version)
    assert (keras.has_choice(release), keras.is_multi_backend_2(release)) == (has_choice, is_old)


@pytest.mark.parametrize(
    ("release", "expected"), [("2.15.1", False), ("2.16.0.dev1", True), ("2.16.1", True), ("2.99", True)]
)
def test_tf_keras_became_keras_3(release: str, expected: bool) -> None:  # noqa: FBT001
    assert keras.has_keras_3(Version(release)) is expected
