"""Keras (or tf-keras) and TensorFlow are of releases that do not belong together.

What it means: TensorFlow 2.6 to 2.15 needs the `keras` of the same minor version; 2.16 and newer need Keras 3 from a
certain release on; tf-keras needs the TensorFlow of the same minor version. `pip install -U keras` breaks the pair,
and pip only warns.

Why it matters: importing tf.keras fails, often with an error that names neither (cannot import name 'dtensor',
'__internal__', 'tf.__internal__.register_load_context_function'); on TensorFlow 2.15 tf.keras silently becomes Keras 3.

What to do: install the matching release of the one you care less about.
"""

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.advice import pip
from kdoctor.knowledge import keras as table
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD401",
        cause="keras-tf-mismatch",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "TensorFlow's own metadata, 2.6 to 2.21; keras-team/keras README, backend table @3422977", "2026-11-21"
            ),
            Source("TensorFlow 2.15.1 with Keras 3.10 imports and trains with Keras 3 (own run)", "2026-11-21"),
        ),
        explains=("keras3-incompatible",),
    )
)
def keras_tf_mismatch(keras: Keras, tensorflow: Tensorflow, interpreter: Interpreter) -> Verdict:
    """Both pairs by the tables: keras with TensorFlow, tf-keras with TensorFlow."""
    release = tensorflow.release
    if release is None:
        return Undetermined(f"TensorFlow's version {tensorflow.version!r} is not one that can be compared")
    if keras.tf_keras and (keras.legacy_switch or not keras.version):
        odd = _tf_keras(keras, tensorflow, release, interpreter)
        if odd is not None:
            return odd
    if keras.release is None:
        return NotApplicable("the package keras is not installed")
    wanted = wanted_keras(keras.release, release)
    if wanted is None:
        return NotApplicable(f"TensorFlow {tensorflow.version} has its own Keras inside")
    # The nightly of a release, 3.12.0.dev2025..., belongs where the release does.
    if wanted.contains(keras.release.base_version, prereleases=True):
        return Clear(f"keras {keras.version} belongs to TensorFlow {tensorflow.version}")
    if keras.backend != "tensorflow":
        return NotApplicable(f"Keras uses {keras.backend}, not TensorFlow")
    return Found(
        what=f"keras {keras.version} does not belong to TensorFlow {tensorflow.version}, which needs keras{wanted}."[
            :100
        ],
        why="The two are released for each other; importing or using tf.keras fails, or silently is another Keras.",
        remedy=Remedy(
            text="Install the Keras that belongs to this TensorFlow (or the newest of both, second command).",
            commands=(
                pip(interpreter, "install", f"keras{wanted}"),
                pip(interpreter, "install", "-U", "tensorflow", "keras"),
            ),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("keras", keras.version, keras.directory),
            Evidence("tensorflow", tensorflow.version, tensorflow.directory),
            Evidence("keras needed", str(wanted), "metadata of TensorFlow"),
        ),
    )


def wanted_keras(keras: Version, tensorflow: Version) -> SpecifierSet | None:
    """The range of the package keras that fits; before TensorFlow 2.6 only Keras 3 is certain not to."""
    wanted = table.pairing(tensorflow)
    if wanted is not None:
        return wanted
    least = table.min_backend(keras).get("tensorflow")
    return SpecifierSet(f"<{keras.major}") if least is not None and tensorflow < least else None


def _tf_keras(keras: Keras, tensorflow: Tensorflow, release: Version, interpreter: Interpreter) -> Found | None:
    version = parse_release(keras.tf_keras)
    if version is None or version.release[:2] == release.release[:2] or release.is_devrelease:
        return None
    minor = f"{release.major}.{release.minor}"
    return Found(
        what=f"tf-keras {keras.tf_keras} does not belong to TensorFlow {tensorflow.version}.",
        why="tf-keras is Keras 2 for the TensorFlow of the same minor version.",
        remedy=Remedy(
            text="Install the tf-keras of the same minor version.",
            commands=(pip(interpreter, "install", f"tf-keras~={minor}.0"),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("tf-keras", keras.tf_keras, "metadata"),
            Evidence("tensorflow", tensorflow.version, tensorflow.directory),
        ),
    )
