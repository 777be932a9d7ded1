"""The interpreter is a 32-bit Python.

What it means: TensorFlow, JAX and PyTorch have wheels for 64-bit Python only.

Why it matters: pip says "No matching distribution found" or "from versions: none", whatever version is asked for.

What to do: install a 64-bit Python and make the environment with it.
"""

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

WANTED_BITS = 64


@rule(
    Declared(
        id="KD409",
        cause="python-32bit",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("wheel tags of TensorFlow, jaxlib and torch on the package index", "2026-11-21"),),
        explains=("tensorflow-not-installed", "python-unsupported"),
    )
)
def python_32bit(interpreter: Interpreter, frameworks: Frameworks | Absent) -> Verdict:
    """The size of a pointer; where a framework is installed all the same, somebody has built it."""
    if interpreter.bits == 0:
        return Undetermined("the interpreter's word size is not known")
    if interpreter.bits == WANTED_BITS:
        return Clear("64 bits")
    if isinstance(frameworks, Frameworks):
        return Clear(f"{frameworks.builds[0].title} is installed for it")
    return Found(
        what=f"{interpreter.path} is a {interpreter.bits}-bit Python."[:100],
        why="There are only 64-bit wheels of TensorFlow, JAX and PyTorch.",
        remedy=Remedy(text="Install a 64-bit Python and make the environment with it."),
        evidence=(Evidence("bits", str(interpreter.bits), interpreter.path),),
    )
