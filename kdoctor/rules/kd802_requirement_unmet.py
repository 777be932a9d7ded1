"""Something that is required is not so.

What it means: an option `--require`, or a `require` of the configuration (`kdoctor.toml`, `[tool.kdoctor]` of
`pyproject.toml`), asks for something that is not there, or is of another version or size.

Why it matters: whoever wrote the requirement relies on it. A value that could not be measured is never taken for an
unmet requirement; it is undetermined.

What to do: bring what was seen to what is needed, or change the requirement if it no longer holds.
"""

from kdoctor.advice import driver_commands, pip, quoted
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.requirement import Requirement
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

ELSEWHERE = "Run this on a machine that has it, or change the requirement."
NEW = "Make an environment that has it; `kdoctor recipes` lists what kdoctor can make."
BY_RECIPE = {"tensorflow": "--tensorflow{}", "keras": "--keras{}", "jax": "--backend jax", "torch": "--backend torch"}
TEXTS = {
    "compute_capability": ELSEWHERE,
    "memory": ELSEWHERE,
    "glibc": "Use a newer distribution or a container image with it, or change the requirement.",
    "os": ELSEWHERE,
    "platform": ELSEWHERE,
    "python": NEW,
    "cudnn": "Give the framework that cuDNN: its wheel or conda package, or an environment of `kdoctor recipes`.",
    "nccl": "Install that NCCL: its wheel or conda package, or an environment of `kdoctor recipes`.",
    "cuda": "Give the framework a build with that CUDA; `kdoctor recipes` lists environments.",
}


@rule(
    Declared(
        id="KD802",
        cause="",
        layer="required",
        severity="error",
        since="0.1.0",
        sources=(Source("The user's own requirement", "2026-11-22"),),
    )
)
def requirement_unmet(
    requirement: Requirement, interpreter: Interpreter | Absent | Unknown, system: System | Absent | Unknown
) -> Verdict:
    """What was seen against what is needed."""
    if requirement.name == "gpu":
        return NotApplicable("only GPUs are required")
    if requirement.met is None:
        return Undetermined(f"{requirement.text}: {requirement.unknown}")
    if requirement.met:
        return Clear(f"{requirement.text}: {requirement.values}"[:200])
    seen = requirement.values if requirement.seen else "not there"
    return Found(
        what=_fitted(f"{requirement.title} is {seen}", f"; required: {requirement.needed}."),
        why=f"{requirement.by} asks for `{requirement.text}`.",
        remedy=_remedy(requirement, interpreter, system),
        evidence=(
            *(requirement.seen or (Evidence(requirement.name, "not there", ""),)),
            Evidence("required", requirement.text, requirement.by),
        ),
    )


def _fitted(start: str, end: str) -> str:
    """Both in a line of 100 columns, cut where they have to be."""
    start = start if len(start) <= 60 else f"{start[:59]}…"  # noqa: PLR2004
    return start + (end if len(end) <= 40 else f"{end[:38]}….")  # noqa: PLR2004


def _remedy(
    requirement: Requirement, interpreter: Interpreter | Absent | Unknown, system: System | Absent | Unknown
) -> Remedy:
    if requirement.name in ("driver", "driver.cuda"):
        text = f"Make the NVIDIA driver one that meets `{requirement.text}`, or use a machine whose driver does."
        return Remedy(text=text, commands=driver_commands(system), safety="needs-root")
    if requirement.name == "keras.backend":
        text = "Choose Keras's backend where it runs (it must be installed)."
        return Remedy(text=text, commands=(f"export KERAS_BACKEND={requirement.install or 'NAME'}",))
    if requirement.name in BY_RECIPE:
        wanted = "" if requirement.needed == "any" else f" {quoted(requirement.needed.replace(' ', ''))}"
        text = f"Make an environment that has it: `{requirement.text}`."
        command = f"kdoctor fix --pip {BY_RECIPE[requirement.name].format(wanted) if wanted else ''}".rstrip()
        return Remedy(text=text, commands=(command,))
    if requirement.install:
        text = f"Install what meets `{requirement.text}`."
        return Remedy(
            text=text, commands=(pip(interpreter, "install", requirement.install),), safety="changes-environment"
        )
    return Remedy(text=TEXTS.get(requirement.name, ELSEWHERE))
