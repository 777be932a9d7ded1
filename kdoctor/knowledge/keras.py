"""Which Keras belongs to which TensorFlow and Python, and which backends a Keras knows."""

import functools
from collections.abc import Mapping

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import PythonVersion


class KerasRelease(Row, frozen=True, kw_only=True):
    """One minor version of Keras 3; ``min_backend`` by backend: the oldest version that it accepts."""

    version: Version
    patches: tuple[Version, ...]
    requires_python: SpecifierSet
    backends: tuple[str, ...]
    min_backend: Mapping[str, Version]
    tested_with: Mapping[str, str]
    requires: tuple[str, ...]
    first_tag: str = ""


class Keras2Release(Row, frozen=True, kw_only=True):
    """A release of Keras 2 under the name keras, and the TensorFlow minor version it belongs to."""

    version: Version
    tensorflow: Version
    requires_python: str = ""


class TfKeras(Row, frozen=True, kw_only=True):
    """A release of tf-keras (Keras 2 for newer TensorFlow) and its TensorFlow minor version."""

    version: Version
    tensorflow: Version


class LegacyKeras(Row, frozen=True, kw_only=True):
    """Multi-backend Keras 2.0 .. 2.4, from ``first`` to ``last``."""

    first: Version
    last: Version
    backends: tuple[str, ...]
    since: str


class LegacyBackend(Row, frozen=True, kw_only=True):
    """A value of ``backend`` in keras.json that only dead versions of Keras understand."""

    value: str
    packages: str
    versions: str
    python: str


class Renamed(Row, frozen=True, kw_only=True):
    """Names that a traceback shows, and what they are called today (same order)."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    since: str
    message: str


class Config(Row, frozen=True, kw_only=True):
    """keras.json and its environment variables."""

    file: str
    keys: tuple[str, ...]
    env_backend: str
    env_home: str
    default_backend: str
    backend_values_keras3: tuple[str, ...]
    backend_values_keras2: tuple[str, ...]
    written_on_first_import: bool
    side_effect: str
    traps: tuple[str, ...]


class Pairing(Row, frozen=True, kw_only=True):
    """Which keras a TensorFlow minor version accepts."""

    rule: str
    same_minor_required: tuple[str, ...]
    keras3_min: Mapping[str, Version]
    keras3_needs_tf: SpecifierSet
    keras3_upper_bound: str
    env_legacy: str
    traps: tuple[str, ...]


class KerasTable(Table, frozen=True, kw_only=True, rename={"releases": "release"}):
    """keras.toml."""

    config: Config
    pairing: Pairing
    newest_for: Mapping[str, Version]
    releases: tuple[KerasRelease, ...]
    keras2: tuple[Keras2Release, ...]
    tf_keras: tuple[TfKeras, ...]
    legacy: tuple[LegacyKeras, ...]
    legacy_backend: tuple[LegacyBackend, ...]
    renamed: tuple[Renamed, ...]


@functools.cache
def table() -> KerasTable:
    """The whole table."""
    return load("keras", KerasTable)


def releases() -> tuple[KerasRelease, ...]:
    """The minor versions of Keras 3, oldest first."""
    return table().releases


def release_of(keras: Version) -> KerasRelease | None:
    """The row of the minor version that ``keras`` belongs to; None for Keras 2 and what is not listed."""
    return next((row for row in releases() if row.version.release[:2] == keras.release[:2]), None)


def pairing(tensorflow: Version) -> SpecifierSet | None:
    """The versions of the package keras that fit; None where Keras is inside TensorFlow (2.5: keras-nightly).

    A TensorFlow newer than the table gets the minimum of the newest one listed.
    """
    minor = _minor(tensorflow)
    rules = table().pairing
    if minor in rules.same_minor_required:
        return SpecifierSet(f"=={minor}.*")
    listed = {Version(text): lowest for text, lowest in rules.keras3_min.items()}
    known = [version for version in sorted(listed) if version <= Version(minor)]
    return SpecifierSet(f">={listed[known[-1]]}") if known else None


def tf_keras_for(tensorflow: Version) -> TfKeras | None:
    """The newest tf-keras for this TensorFlow; None where there is none."""
    fits = [row for row in table().tf_keras if _minor(row.tensorflow) == _minor(tensorflow)]
    return max(fits, key=lambda row: row.version, default=None)


def known_backends(keras: Version) -> tuple[str, ...]:
    """The values of ``backend`` that this Keras accepts; newer than the table counts as the newest, () before 2.0."""
    for row in table().legacy:
        if row.first <= keras <= row.last:
            return row.backends
    release = release_of(keras)
    if release is not None:
        return release.backends
    if keras > releases()[-1].version:
        return releases()[-1].backends
    return ("tensorflow",) if keras.major == table().keras2[0].version.major else ()


def has_choice(keras: Version) -> bool:
    """Whether this Keras lets the user choose among backends: 2.0 to 2.3, and 3."""
    return len(known_backends(keras)) > 1


def is_multi_backend_2(keras: Version) -> bool:
    """Whether this is Keras 2 of the time before TensorFlow owned it."""
    return any(row.first <= keras <= row.last and len(row.backends) > 1 for row in table().legacy)


def has_keras_3(tensorflow: Version) -> bool:
    """Whether tf.keras of this TensorFlow is Keras 3."""
    first = min(Version(text) for text in table().pairing.keras3_min)
    return tensorflow.release[:2] >= first.release[:2]


def legacy_backend(value: str) -> LegacyBackend | None:
    """The row of an old backend, given the ``backend`` of keras.json, e.g. theano or plaidml.keras.backend."""
    name = value.partition(".")[0].lower()
    return next((row for row in table().legacy_backend if row.value == name), None)


def newest_for(python: PythonVersion) -> Version | None:
    """The newest Keras that installs on this Python; None for a Python older than the table."""
    listed = {PythonVersion(text): newest for text, newest in table().newest_for.items()}
    known = [version for version in sorted(listed) if version <= PythonVersion(python.short)]
    return listed[known[-1]] if known else None


def min_backend(keras: Version) -> Mapping[str, Version]:
    """The oldest TensorFlow, JAX, torch, ... that this Keras accepts; empty for Keras 2 and what is not listed."""
    release = release_of(keras)
    return release.min_backend if release else {}


def _minor(version: Version) -> str:
    return f"{version.major}.{version.minor}"
