"""Keras 2 is asked for, and the package that provides it is not installed.

What it means: from TensorFlow 2.16 on tf.keras is Keras 3. With TF_USE_LEGACY_KERAS=1 TensorFlow uses Keras 2 from the
package tf-keras instead, which has to be installed.

Why it matters: tf.keras raises ImportError: "Keras cannot be imported. Check that it is installed."

What to do: install tf-keras of TensorFlow's minor version, or unset the variable and use Keras 3.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import keras as table
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD402",
        cause="keras3-incompatible",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("tensorflow/python/util/lazy_loader.py (KerasLazyLoader), 2.16 to 2.21", "2026-11-21"),),
    )
)
def keras3_incompatible(keras: Keras, tensorflow: Tensorflow, interpreter: Interpreter) -> Verdict:
    """The switch without the package."""
    release = tensorflow.release
    if release is None:
        return Undetermined(f"TensorFlow's version {tensorflow.version!r} is not one that can be compared")
    if not table.has_keras_3(release):
        return NotApplicable("this TensorFlow has Keras 2 by itself")
    if not keras.legacy_switch:
        return Clear("TF_USE_LEGACY_KERAS is not set: Keras 3 is used")
    if keras.tf_keras:
        return Clear(f"tf-keras {keras.tf_keras} is installed")
    minor = f"{release.major}.{release.minor}"
    package = "tf-keras-nightly" if release.is_devrelease else f"tf-keras~={minor}.0"
    return Found(
        what="TF_USE_LEGACY_KERAS asks for Keras 2, but tf-keras is not installed.",
        why="TensorFlow then cannot provide tf.keras at all: ImportError.",
        remedy=Remedy(
            text="Install tf-keras of the same minor version, or unset the variable (second command).",
            commands=(pip(interpreter, "install", package), "unset TF_USE_LEGACY_KERAS"),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("TF_USE_LEGACY_KERAS", "set", "environment"),
            Evidence("tf-keras", "not installed", interpreter.path),
        ),
        severity=None if keras.backend == "tensorflow" else "warning",
    )
