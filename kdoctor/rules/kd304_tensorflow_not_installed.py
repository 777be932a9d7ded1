"""Keras is installed without the backend that it would use.

What it means: Keras 3 is only the front; TensorFlow, JAX or PyTorch does the work, and `pip install keras` brings none
of them. Keras chooses the backend from KERAS_BACKEND, then from keras.json, then TensorFlow.

Why it matters: `import keras` stops with ModuleNotFoundError: No module named 'tensorflow' (or jax, torch).

What to do: install the backend, or let Keras choose one that is installed.
"""

from kdoctor.advice import has_nvidia, pip
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

BACKENDS = ("tensorflow", "jax", "torch")
WITH_CUDA = {"tensorflow": "tensorflow[and-cuda]", "jax": "jax[cuda12]"}


@rule(
    Declared(
        id="KD304",
        cause="tensorflow-not-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(Source("keras-team/keras keras/src/backend/__init__.py @3422977", "2026-11-21"),),
    )
)
def tensorflow_not_installed(
    keras: Keras | Absent,
    frameworks: Frameworks | Absent,
    interpreter: Interpreter,
    gpus: Gpus | Absent | Unknown,
    system: System,
) -> Verdict:
    """The chosen backend is none of the installed frameworks; nothing at all installed is only a note."""
    installed = [build.framework for build in frameworks.builds] if isinstance(frameworks, Frameworks) else []
    if isinstance(keras, Absent):
        if installed:
            return NotApplicable("Keras is not installed, frameworks are")
        return _nothing(interpreter)
    if keras.backend in installed:
        return Clear(f"the backend {keras.backend} is installed")
    if keras.backend not in BACKENDS:
        return NotApplicable(f"the backend {keras.backend} is none of today's")
    on_gpu = has_nvidia(gpus) and system.os == "linux" and system.machine == "x86_64"
    commands = [pip(interpreter, "install", WITH_CUDA.get(keras.backend, keras.backend) if on_gpu else keras.backend)]
    text = f"Install {keras.backend}."
    if installed:
        commands.append(f"export KERAS_BACKEND={installed[0]}")
        text = f"Install {keras.backend}, or use {installed[0]}, which is installed (second command)."
    name = f"Keras {keras.version}" if keras.version else f"tf-keras {keras.tf_keras}"
    return Found(
        what=f"{name} would use the backend {keras.backend}, which is not installed.",
        why=f"`import keras` stops with: No module named '{keras.backend}'.",
        remedy=Remedy(text=text, commands=tuple(commands), safety="changes-environment"),
        evidence=(
            Evidence("backend", keras.backend, keras.backend_from),
            Evidence("frameworks installed", ", ".join(installed) or "none", interpreter.path),
            Evidence("keras", keras.version or keras.tf_keras, keras.directory or "metadata"),
        ),
    )


def _nothing(interpreter: Interpreter) -> Found:
    return Found(
        what="Neither Keras nor TensorFlow, JAX or PyTorch is installed for this interpreter.",
        why="There is no framework whose use of the GPU could be examined; one may be in another Python.",
        remedy=Remedy(
            text="Name the environment that you mean: `kdoctor envs` lists them.", commands=("kdoctor envs",)
        ),
        evidence=(Evidence("interpreter", interpreter.path, "examined"),),
        severity="note",
    )
