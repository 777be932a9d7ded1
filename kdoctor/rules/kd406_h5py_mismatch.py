"""h5py 3 is installed with a Keras of the TensorFlow 1 time.

What it means: h5py 3 returns text where h5py 2 returned bytes; Keras before 2.4 and TensorFlow before 2.2 decode it
once more.

Why it matters: loading a model or weights stops with "'str' object has no attribute 'decode'".

What to do: install h5py below 3.
"""

from packaging.version import Version

from kdoctor.advice import pip
from kdoctor.knowledge import keras as keras_table
from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD406",
        cause="h5py-mismatch",
        layer="python-stack",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("h5py 3.0 release notes; metadata of TensorFlow 1.15.5 and 2.1.3 (h5py<=2.10.0)", "2026-11-21"),
        ),
    )
)
def h5py_mismatch(
    distributions: Distributions, tensorflow: Tensorflow | Absent, keras: Keras | Absent, interpreter: Interpreter
) -> Verdict:
    """h5py 3 beside an old TensorFlow or an old Keras."""
    h5py = distributions.get("h5py")
    if h5py is None:
        return NotApplicable("h5py is not installed")
    if h5py.release is None:
        return Undetermined(f"the version {h5py.version!r} of h5py cannot be compared")
    first_bad = table.first_bad("h5py")
    if h5py.release < first_bad:
        return Clear(f"h5py {h5py.version}, which every framework takes")
    old = [*old_tensorflow(tensorflow, h5py.release), *old_keras(keras)]
    if not old:
        return Clear(f"h5py {h5py.version} with frameworks that know it")
    wanted = f"h5py<{first_bad}"
    return Found(
        what=f"h5py {h5py.version} is installed with {' and '.join(old)}, which needs {wanted}.",
        why="Loading models or weights from HDF5 stops with: 'str' object has no attribute 'decode'.",
        remedy=Remedy(
            text="Install the older h5py.",
            commands=(pip(interpreter, "install", wanted),),
            safety="changes-environment",
        ),
        evidence=(Evidence("h5py", h5py.version, h5py.location), *(Evidence("old", name, "metadata") for name in old)),
    )


def old_tensorflow(tensorflow: Tensorflow | Absent, h5py: Version) -> list[str]:
    """The installed TensorFlow where it does not work with this h5py; vendors have mended theirs."""
    release = tensorflow.release if isinstance(tensorflow, Tensorflow) else None
    if release is None or release.local is not None or table.broken_by("h5py", h5py, release) is None:
        return []
    return [f"TensorFlow {release}"]


def old_keras(keras: Keras | Absent) -> list[str]:
    """The installed Keras where it is of that time."""
    release = keras.release if isinstance(keras, Keras) else None
    return [f"Keras {release}"] if release is not None and keras_table.is_multi_backend_2(release) else []
