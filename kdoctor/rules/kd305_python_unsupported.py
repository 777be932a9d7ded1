"""There is no TensorFlow wheel for this Python.

What it means: wheels exist for certain Python versions only; on any other pip says "No matching distribution found" or
"from versions: none".

Why it matters: Keras would use TensorFlow, and it cannot be installed for this interpreter at all.

What to do: make an environment with a Python that has wheels, or use another backend.
"""

from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.system import System
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import PythonVersion


@rule(
    Declared(
        id="KD305",
        cause="python-unsupported",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("wheel tags of TensorFlow 1.13 to 2.22rc0 on the package index", "2026-11-21"),),
        explains=("tensorflow-not-installed",),
    )
)
def python_unsupported(
    interpreter: Interpreter, tensorflow: Tensorflow | Absent, keras: Keras | Absent, system: System
) -> Verdict:
    """TensorFlow is wanted, not installed, and no release has a wheel for this Python."""
    if isinstance(tensorflow, Tensorflow):
        return Clear("TensorFlow is installed")
    if isinstance(keras, Absent) or keras.backend != "tensorflow":
        return NotApplicable("nothing here asks for TensorFlow")
    if interpreter.version is None:
        return Undetermined("the version of the interpreter is not known")
    supported = {python for row in table.releases() for python in table.wheel_pythons(row.patches[-1])}
    here = PythonVersion(interpreter.version.short)
    reason = "" if here in supported else f"Python {here}"
    if interpreter.implementation != "cpython":
        reason = interpreter.implementation
    if system.libc == "musl":
        reason = "musl (Alpine)"
    if not reason:
        return Clear(f"there are TensorFlow wheels for Python {here}")
    newest = max(table.wheel_pythons(table.newest().patches[-1]))
    commands = (f"python{newest} -m venv ~/keras-env", "~/keras-env/bin/pip install keras 'tensorflow[and-cuda]'")
    return Found(
        what=f"There is no TensorFlow wheel for {reason}; Keras {keras.version} would use TensorFlow.",
        why="pip then says: No matching distribution found for tensorflow.",
        remedy=Remedy(
            text=f"Make an environment with Python {newest} on glibc, or use another backend (JAX, PyTorch).",
            commands=() if system.libc == "musl" else commands,
        ),
        evidence=(
            Evidence("python", str(interpreter.version), interpreter.path),
            Evidence("newest with a wheel", str(newest), f"TensorFlow {table.newest().patches[-1]}"),
        ),
    )
