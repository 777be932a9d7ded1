"""Keras is installed without the backend that it would use.

What it means: Keras 3 is only the front; TensorFlow, JAX or PyTorch does the work, and `pip install keras` brings none
of them. Keras chooses the backend from KERAS_BACKEND, then from keras.json, then TensorFlow.

Why it matters: `import keras` stops with ModuleNotFoundError: No module named 'tensorflow' (or jax, torch).

What to do: install the backend, or let Keras choose one that is installed.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, pip
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

BACKENDS = ("tensorflow", "jax", "torch")


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
    wanted = f"{keras.backend}[and-cuda]" if keras.backend == "tensorflow" and has_nvidia(gpus) else keras.backend
    wanted = "jax[cuda12]" if keras.backend == "jax" and has_nvidia(gpus) else wanted
    commands = [pip(interpreter, "install", wanted)]
    text = f"Install {keras.backend}."
    if installed:
        commands.append(f"export KERAS_BACKEND={installed[0]}")
        text = f"Install {keras.backend}, or use {installed[0]}, which is installed (second command)."
    return Found(
        what=f"Keras {keras.version} would use the backend {keras.backend}, which is not installed.",
        why=f"`import keras` stops with: No module named '{keras.backend}'.",
        remedy=Remedy(text=text, commands=tuple(commands), safety="changes-environment"),
        evidence=(
            Evidence("backend", keras.backend, keras.backend_from),
            Evidence("frameworks installed", ", ".join(installed) or "none", interpreter.path),
            Evidence("keras", keras.version, keras.directory),
        ),
    )


def _nothing(interpreter: Interpreter) -> Found:
    return Found(
        what="Neither Keras nor TensorFlow, JAX or PyTorch is installed for this interpreter.",
        why="There is no framework whose use of the GPU could be examined. If one is installed, it is in another Python.",
        remedy=Remedy(text="Name the environment that you mean: `kdoctor envs` lists them.", commands=("kdoctor envs",)),
        evidence=(Evidence("interpreter", interpreter.path, "examined"),),
        severity="note",
    )
