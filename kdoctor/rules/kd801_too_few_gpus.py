"""Fewer GPUs can be used than are required.

What it means: `--require gpu>=N`, or a `require` of the configuration, asks for GPUs that the framework can use, and it
will list another number. Counted are those that the framework lists: it was asked with `--deep`, else this is foretold
from its build, its libraries and the driver's own answers.

Why it matters: what was to run here would train on fewer GPUs, or on the CPU.

What to do: where another finding names the cause, what that says. Otherwise run this where there are as many GPUs, or
require fewer.
"""

from kdoctor.model.facts.requirement import Requirement
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD801",
        cause="",
        layer="required",
        severity="error",
        since="0.1.0",
        sources=(Source("The user's own requirement", "2026-11-22"),),
    )
)
def too_few_gpus(requirement: Requirement) -> Verdict:
    """The number of usable GPUs against the one required."""
    if requirement.name != "gpu":
        return NotApplicable("no number of GPUs is required")
    if requirement.met is None:
        return Undetermined(f"{requirement.text}: {requirement.unknown}")
    if requirement.met:
        return Clear(f"{requirement.text}: {requirement.values}")
    return Found(
        what=f"GPUs that can be used for training: {requirement.values}; required: {requirement.needed}."[:100],
        why="What is to run here counts on them; with fewer it is slower, or trains on the CPU.",
        remedy=Remedy(text="See what else was found. If nothing was, use a machine with more GPUs, or require fewer."),
        evidence=(*requirement.seen, Evidence("required", requirement.text, requirement.by)),
    )
