"""A notebook kernel that looks like this environment starts another Python.

What it means: Jupyter runs the interpreter that a kernel.json names, whatever environment is active. The kernel that
has the environment's name, or the default kernel of the user, names an interpreter that does not exist any more, or
one without Keras and its backends; or the `jupyter` that the shell finds is another Python's, and no kernel is this
environment's (a note, as notebooks may not be used here).

Why it matters: in the notebook the framework is missing, or it is another one that sees no GPU, while the shell works.

What to do: register the kernel anew, with the environment's own Python. Kernels of other projects are not judged.
"""

from kdoctor.advice import quoted, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.launchers import Launcher, Launchers
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

DEFAULT = "python3"
SHORTEST_NAME = 2
ACTIVE = ("$VIRTUAL_ENV", "$CONDA_PREFIX", "the recorded environment")


@rule(
    Declared(
        id="KD412",
        cause="wrong-python-env",
        layer="python-stack",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("Jupyter kernel specification: argv, and the data directories; jupyter/notebook#2563", "2026-11-22"),
            Source(
                "IPython: kernels for different environments; jupyter_core prefer_environment_over_user", "2026-11-22"
            ),
        ),
    )
)
def notebook_kernel_elsewhere(
    launchers: Launchers,
    interpreter: Interpreter,
    examined: Examined,
    frameworks: Frameworks | Absent | Unknown,
    distributions: Distributions | Absent | Unknown,
) -> Verdict:
    """A kernel of this environment's name, the user's default kernel, or Jupyter itself, against what is examined."""
    jupyter = launchers.get("jupyter")
    if not (launchers.kernels or jupyter):
        return NotApplicable("there is neither a notebook kernel nor a Jupyter")
    if not isinstance(frameworks, Frameworks):
        if isinstance(frameworks, Unknown):
            return Undetermined(frameworks.reason)
        return NotApplicable("the examined environment has no framework that a notebook could miss")
    installed: set[str] = {build.framework for build in frameworks.builds}
    name = interpreter.prefix.rstrip("/").rpartition("/")[2]
    own = [item for item in launchers.kernels if item.same]
    for kernel in launchers.kernels:
        meant = is_named(kernel, name) or (is_default(kernel) and not own)
        if meant and is_wrong(kernel, installed):
            return _found(kernel, interpreter, sorted(installed), distributions, named=is_named(kernel, name))
    judged = jupyter is not None and not own and examined.chosen_by in ACTIVE
    if jupyter and judged and jupyter.interpreter == "there" and is_wrong(jupyter, installed):
        return _jupyter_elsewhere(jupyter, interpreter, sorted(installed), distributions)
    if own:
        return Clear(f"the kernel {own[0].name} is that of {interpreter.prefix}")
    return Clear("what starts another interpreter is of other projects, or has the framework too")


def is_named(kernel: Launcher, environment: str) -> bool:
    """Whether the kernel's name or title is that of the environment: ml, Python (ml), Python 3 (ml)."""
    if len(environment) < SHORTEST_NAME or environment in ("usr", "local", "venv", ".venv", "env"):
        return False
    titles = {kernel.name, kernel.title, kernel.title.rpartition("(")[2].removesuffix(")")}
    return environment.lower() in {title.strip().lower() for title in titles}


def is_default(kernel: Launcher) -> bool:
    """Whether it is the user's kernel python3, which a Jupyter outside of environments starts first."""
    return kernel.name == DEFAULT and kernel.place == "user"


def is_wrong(kernel: Launcher, installed: set[str]) -> bool:
    """Whether its interpreter does not exist, or has none of the frameworks examined."""
    if kernel.same or kernel.interpreter == "unclear":
        return False
    return kernel.interpreter == "gone" or not installed & set(kernel.frameworks)


def commands_for(
    interpreter: Interpreter, distributions: Distributions | Absent | Unknown, name: str, title: str
) -> tuple[str, ...]:
    """How this environment's kernel is registered; ipykernel only where it is not there."""
    python = quoted(interpreter.path)
    has_kernel = isinstance(distributions, Distributions) and distributions.get("ipykernel") is not None
    label = f" --display-name {quoted(title)}" if title else ""
    register = f"{python} -m ipykernel install --user --name {quoted(name)}{label}"
    return (register,) if has_kernel else (f"{python} -m pip install ipykernel", register)


def why_text(interpreter: Interpreter, installed: list[str]) -> str:
    """What decides in a notebook, and where the frameworks are."""
    are = "is" if len(installed) == 1 else "are"
    return (
        "A notebook runs the interpreter in kernel.json, not the active environment; "
        f"{', '.join(installed)} {are} in {interpreter.prefix}."
    )


def _jupyter_elsewhere(
    jupyter: Launcher,
    interpreter: Interpreter,
    installed: list[str],
    distributions: Distributions | Absent | Unknown,
) -> Found:
    name = interpreter.prefix.rstrip("/").rpartition("/")[2]
    return Found(
        what=f"`{jupyter.name}` is of {shortened(jupyter.prefix, 32)}, and no notebook kernel is this environment's.",
        why=why_text(interpreter, installed),
        remedy=Remedy(
            text="Nothing, if you use no notebooks here. Otherwise register a kernel, then choose it in the notebook.",
            commands=commands_for(interpreter, distributions, name, f"Python ({name})"),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("jupyter on PATH", jupyter.python, jupyter.path),
            Evidence("its interpreter", "no Keras backend", jupyter.prefix),
            Evidence("examined interpreter", ", ".join(installed), interpreter.path),
        ),
        severity="note",
    )


def _found(
    kernel: Launcher,
    interpreter: Interpreter,
    installed: list[str],
    distributions: Distributions | Absent | Unknown,
    *,
    named: bool,
) -> Found:
    gone = kernel.interpreter == "gone"
    state = "which does not exist" if gone else "which has no Keras backend"
    label = "" if kernel.name == DEFAULT else kernel.title
    return Found(
        what=f"The notebook kernel {shortened(kernel.name, 24)} starts {shortened(kernel.python, 32)}, {state}.",
        why=why_text(interpreter, installed),
        remedy=Remedy(
            text="Register the kernel with this environment's Python, then choose it in the notebook (Kernel menu).",
            commands=commands_for(interpreter, distributions, kernel.name, label),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("kernel", kernel.title or kernel.name, kernel.path),
            Evidence("its interpreter", "does not exist" if gone else "no Keras backend", kernel.python),
            Evidence("examined interpreter", ", ".join(installed), interpreter.path),
        ),
        confidence="certain" if named else "likely",
        severity=None if named or gone else "note",
    )
