from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.keras import Keras
from kdoctor.probes.keras import probe, read_config
from tests.probes.tree import SITE, environ, machine

CONFIG = "/home/user/.keras/keras.json"


def installed(version: str, name: str = "keras") -> Distributions:
    return Distributions(items=(Distribution(name=name, version=version, location=SITE),))


def found(folder: Path, text: str, version: str = "3.12.0", **variables: str) -> Keras:
    section = probe(machine(folder, {CONFIG: text}), installed(version), environ(**variables), Absent())
    assert isinstance(section, Keras)
    return section


@pytest.mark.parametrize(
    ("text", "backend"),
    [
        ('{"backend": "jax", "floatx": "float32"}', "jax"),
        ('{"floatx": "float32"}', ""),
        ("{}", ""),
        ('{"backend": 5}', "5"),
        ('{"backend": null}', "null"),
        ('{"backend": ["torch"]}', '["torch"]'),
    ],
)
def test_whatever_stands_under_backend_is_taken(tmp_path: Path, text: str, backend: str) -> None:
    assert read_config(machine(tmp_path, {CONFIG: text}), CONFIG) == (backend, "")


@pytest.mark.parametrize("text", ["", "{", "{'backend': 'jax'}", "[]", '"jax"', "\ufffd" * 9, "[" * 5000])
def test_a_file_that_is_no_object_is_trouble(tmp_path: Path, text: str) -> None:
    backend, trouble = read_config(machine(tmp_path, {CONFIG: text}), CONFIG)
    assert (backend, trouble.startswith(CONFIG)) == ("", True)


def test_no_file_is_no_trouble(tmp_path: Path) -> None:
    assert read_config(machine(tmp_path, {}), CONFIG) == ("", "")


def test_the_variable_wins_over_the_file_and_keeps_its_letters(tmp_path: Path) -> None:
    section = found(tmp_path, '{"backend": "jax"}', KERAS_BACKEND="Torch")
    assert (section.backend, section.backend_from) == ("Torch", "$KERAS_BACKEND")


def test_an_empty_variable_leaves_the_file(tmp_path: Path) -> None:
    section = found(tmp_path, '{"backend": "jax"}', KERAS_BACKEND="")
    assert (section.backend, section.backend_from) == ("jax", CONFIG)


def test_another_home_of_keras_is_looked_in(tmp_path: Path) -> None:
    section = found(tmp_path, '{"backend": "jax"}', KERAS_HOME="/srv/keras")
    assert (section.backend, section.backend_from) == ("tensorflow", "default")


@pytest.mark.parametrize("version", ["2.4.3", "2.15.0"])
def test_a_keras_without_choice_reads_no_backend(tmp_path: Path, version: str) -> None:
    assert found(tmp_path, '{"backend": "theano"}', version).backend == "tensorflow"


def test_a_keras_of_2019_reads_it(tmp_path: Path) -> None:
    assert found(tmp_path, '{"backend": "theano"}', "2.3.1").backend == "theano"


@pytest.mark.parametrize(
    ("value", "is_on"), [("1", True), ("true", True), ("True", True), ("TRUE", False), ("0", False)]
)
def test_the_legacy_switch_is_compared_as_tensorflow_does(tmp_path: Path, value: str, is_on: bool) -> None:  # noqa: FBT001
    assert found(tmp_path, "{}", TF_USE_LEGACY_KERAS=value).legacy_switch is is_on


def test_nightly_packages_count(tmp_path: Path) -> None:
    both = Distributions(
        items=(*installed("3.13.0.dev2", "keras-nightly").items, *installed("2.21.0.dev2", "tf-keras-nightly").items)
    )
    section = probe(machine(tmp_path, {}), both, environ(), Absent())
    assert isinstance(section, Keras)
    assert (section.version, section.tf_keras) == ("3.13.0.dev2", "2.21.0.dev2")


def test_nothing_of_keras_is_absent(tmp_path: Path) -> None:
    section = probe(machine(tmp_path, {}), Distributions(items=()), environ(), Absent())
    assert section == Absent(looked=("keras", "tf-keras", "tensorflow"))
