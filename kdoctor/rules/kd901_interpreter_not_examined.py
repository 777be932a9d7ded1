"""The examined interpreter could not be asked, or is too old to be examined.

What it means: the file is no Python, does not start, hangs, crashes, or is a Python before 3.6. What files tell about
its environment is used all the same.

Why it matters: an interpreter that does not start trains nothing; and without its own word kdoctor cannot be sure of
its import path.

What to do: name another interpreter with --python, or mend this environment.
"""

from kdoctor.advice import shortened
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import PythonVersion

OLDEST = PythonVersion("3.6")


@rule(
    Declared(
        id="KD901",
        cause="",
        layer="kdoctor",
        severity="warning",
        since="0.1.0",
        sources=(Source("kdoctor's own contract: examined interpreters from Python 3.6", "2026-11-21"),),
        explains=("tensorflow-not-installed",),
    )
)
def interpreter_not_examined(interpreter: Interpreter) -> Verdict:
    """Trouble while asking, or a version before 3.6."""
    if interpreter.trouble:
        return Found(
            what="The examined interpreter did not answer; only its files were read.",
            why="A Python that does not start trains nothing, and its real import path is not known.",
            remedy=Remedy(
                text="Name another interpreter with --python; `kdoctor envs` lists them.", commands=("kdoctor envs",)
            ),
            evidence=(Evidence("interpreter", interpreter.path, interpreter.trouble[:300]),),
        )
    if interpreter.version is not None and interpreter.version < OLDEST:
        return Found(
            what=f"{shortened(interpreter.path, 45)} is Python {interpreter.version}; no current framework runs on it.",
            why="kdoctor examines Python 3.6 and newer; the last TensorFlow for Python 2.7 was 2.1.0.",
            remedy=Remedy(text="Make an environment with a current Python."),
            evidence=(Evidence("version", str(interpreter.version), interpreter.path),),
        )
    answered = interpreter.read_by == "interpreter"
    return Clear(f"Python {interpreter.version} answered" if answered else "its files were read")
