"""The shell's pip belongs to another Python, and the framework was installed there.

What it means: `pip` is a script with an interpreter in its first line. The first one on PATH is that of another
Python than the one examined; Keras or a backend is in that one and not in this one.

Why it matters: `pip install` succeeds, and `import` says: No module named 'tensorflow'.

What to do: call pip through the interpreter that runs your program: `python -m pip`.
"""

from kdoctor.advice import pip, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.launchers import Launcher, Launchers
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

BY_NAME = ("--python", "--env")


@rule(
    Declared(
        id="KD413",
        cause="wrong-python-env",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source("tensorflow/tensorflow#6548: several Pythons on PATH, pip of another one", "2026-11-22"),
            Source("pip user guide: running pip, python -m pip", "2026-11-22"),
        ),
        explains=("tensorflow-not-installed",),
    )
)
def pip_of_another_python(
    launchers: Launchers,
    interpreter: Interpreter,
    examined: Examined,
    frameworks: Frameworks | Absent | Unknown,
    keras: Keras | Absent | Unknown,
) -> Verdict:
    """A missing framework that pip's own Python has."""
    script = launchers.get("pip")
    if script is None or script.interpreter == "unclear":
        return NotApplicable("no pip on PATH whose interpreter can be told")
    if script.same:
        return Clear(f"{script.path} belongs to {interpreter.prefix}")
    if isinstance(frameworks, Unknown) or isinstance(keras, Unknown):
        return Undetermined("needs to know which frameworks are installed")
    if examined.chosen_by.startswith(BY_NAME):
        return NotApplicable("the examined interpreter was named; the shell's pip need not be its own")
    wanted = keras.backend if isinstance(keras, Keras) else ""
    installed = [build.framework for build in frameworks.builds] if isinstance(frameworks, Frameworks) else []
    if (installed and not wanted) or wanted in installed:
        return Clear(f"{script.path} is of another Python, and this one has {' and '.join(installed)}")
    missing = [name for name in script.frameworks if name not in installed and name == (wanted or name)]
    if script.interpreter == "gone" or not set(missing) - {"keras"}:
        return Clear(f"{script.path} is of another Python, which does not have what is missing here")
    return _found(script, interpreter, missing, needed=bool(wanted))


def _found(script: Launcher, interpreter: Interpreter, missing: list[str], *, needed: bool) -> Found:
    listed = ", ".join(missing)
    backend = next(name for name in missing if name != "keras")
    other = shortened(script.python, 34)
    return Found(
        what=f"{script.name} is of {other}, which has {shortened(listed, 24)}; this one has not.",
        why=f"This Python has not got it: `import {backend}` stops with: No module named '{backend}'.",
        remedy=Remedy(
            text=f"Install with the Python that runs (first command), or run with {script.python}, which has it.",
            commands=(pip(interpreter, "install", *missing), script.python),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("pip on PATH", script.python, script.path),
            Evidence("frameworks there", ", ".join(script.frameworks), script.prefix),
            Evidence("examined interpreter", f"without {listed}", interpreter.path),
        ),
        severity=None if needed else "warning",
        confidence="likely",
    )
