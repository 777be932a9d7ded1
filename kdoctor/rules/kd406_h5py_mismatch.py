"""h5py 3 is installed with a Keras of the TensorFlow 1 time.

What it means: h5py 3 returns text where h5py 2 returned bytes; Keras before 2.4 and TensorFlow before 2.2 decode it
once more.

Why it matters: loading a model or weights stops with "'str' object has no attribute 'decode'".

What to do: install h5py below 3.
"""

from __future__ import annotations

from packaging.version import Version

from kdoctor.advice import pip
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

H5PY_3 = Version("3")
FIRST_TF_WITHOUT_DECODE = Version("2.3")
FIRST_KERAS_WITHOUT_DECODE = Version("2.4")


@rule(
    Declared(
        id="KD406",
        cause="h5py-mismatch",
        layer="python-stack",
        severity="warning",
        since="0.1.0",
        sources=(Source("h5py 3.0 release notes; metadata of TensorFlow 1.15.5 and 2.1.3 (h5py<=2.10.0)", "2026-11-21"),),
    )
)
def h5py_mismatch(
    distributions: Distributions, tensorflow: Tensorflow | Absent, keras: Keras | Absent, interpreter: Interpreter
) -> Verdict:
    """h5py 3 beside an old TensorFlow or an old Keras."""
    h5py = distributions.get("h5py")
    if h5py is None or h5py.release is None:
        return NotApplicable("h5py is not installed")
    if h5py.release < H5PY_3:
        return Clear(f"h5py {h5py.version}")
    old = []
    if isinstance(tensorflow, Tensorflow) and tensorflow.release and tensorflow.release < FIRST_TF_WITHOUT_DECODE:
        old.append(f"TensorFlow {tensorflow.version}")
    if isinstance(keras, Keras) and keras.release and keras.release < FIRST_KERAS_WITHOUT_DECODE:
        old.append(f"Keras {keras.version}")
    if not old:
        return Clear(f"h5py {h5py.version} with frameworks that know it")
    return Found(
        what=f"h5py {h5py.version} is installed with {' and '.join(old)}, which needs h5py<3.",
        why="Loading models or weights from HDF5 stops with: 'str' object has no attribute 'decode'.",
        remedy=Remedy(
            text="Install h5py below 3.", commands=(pip(interpreter, "install", "h5py<3"),), safety="changes-environment"
        ),
        evidence=(Evidence("h5py", h5py.version, h5py.location), *(Evidence("old", name, "metadata") for name in old)),
    )
