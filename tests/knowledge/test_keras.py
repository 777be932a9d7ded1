"""What the Keras table answers."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge import keras
from kdoctor.model.version import PythonVersion


@pytest.mark.parametrize(
    ("tensorflow", "specifier"),
    [
        ("2.6.0", "==2.6.*"),
        ("2.15.1", "==2.15.*"),
        ("2.16.1", ">=3.0.0"),
        ("2.18.1", ">=3.5.0"),
        ("2.21.0", ">=3.12.0"),
    ],
)
def test_a_tensorflow_takes_the_keras_of_its_metadata(tensorflow: str, specifier: str) -> None:
    assert keras.pairing(Version(tensorflow)) == SpecifierSet(specifier)


@pytest.mark.parametrize("tensorflow", ["1.15.5", "2.4.1", "2.5.0"])
def test_an_old_tensorflow_brings_its_own_keras(tensorflow: str) -> None:
    assert keras.pairing(Version(tensorflow)) is None


def test_a_tensorflow_newer_than_the_table_takes_the_newest_minimum() -> None:
    assert keras.pairing(Version("2.99.0")) == keras.pairing(Version("2.21.0"))


def test_tf_keras_has_the_minor_version_of_tensorflow() -> None:
    row = keras.tf_keras_for(Version("2.15.0"))
    assert row is not None
    assert row.version == Version("2.15.1")


def test_there_is_no_tf_keras_before_2_14() -> None:
    assert keras.tf_keras_for(Version("2.13.1")) is None


@pytest.mark.parametrize(
    ("version", "backends"),
    [
        ("1.2.2", ()),
        ("2.0.3", ("tensorflow", "theano")),
        ("2.2.4", ("tensorflow", "theano", "cntk")),
        ("2.4.3", ("tensorflow",)),
        ("2.15.0", ("tensorflow",)),
        ("3.7.0", ("tensorflow", "jax", "torch", "numpy")),
        ("3.8.0", ("tensorflow", "jax", "torch", "numpy", "openvino")),
        ("3.99.0", ("tensorflow", "jax", "torch", "numpy", "openvino")),
    ],
)
def test_a_keras_knows_the_backends_of_its_time(version: str, backends: tuple[str, ...]) -> None:
    assert keras.known_backends(Version(version)) == backends


@pytest.mark.parametrize("value", ["theano", "Theano", "cntk", "mxnet", "plaidml.keras.backend"])
def test_a_dead_backend_has_a_row(value: str) -> None:
    row = keras.legacy_backend(value)
    assert row is not None
    assert row.value == value.partition(".")[0].lower()


def test_a_live_backend_is_not_a_dead_one() -> None:
    assert keras.legacy_backend("jax") is None


@pytest.mark.parametrize(
    ("python", "newest"), [("3.7.9", "2.11.0"), ("3.8", "2.15.0"), ("3.9.18", "3.10.0"), ("3.10", "3.12.4")]
)
def test_an_old_python_gets_an_old_keras(python: str, newest: str) -> None:
    assert keras.newest_for(PythonVersion(python)) == Version(newest)


def test_a_python_newer_than_the_table_gets_the_newest_keras() -> None:
    assert keras.newest_for(PythonVersion("3.99")) == keras.releases()[-1].patches[-1]


def test_a_python_older_than_the_table_gets_none() -> None:
    assert keras.newest_for(PythonVersion("2.7")) is None


def test_keras_3_needs_backends_of_its_time() -> None:
    assert keras.min_backend(Version("3.13.0"))["tensorflow"] == Version("2.16.1")


def test_keras_2_has_no_minimum_of_other_backends() -> None:
    assert keras.min_backend(Version("2.15.0")) == {}
