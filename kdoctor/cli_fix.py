"""`kdoctor fix`: options, the question, and output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kdoctor.model.trouble import Trouble
from kdoctor.options import one_of

if TYPE_CHECKING:
    from kdoctor.commands.fix import Outcome, Plan

Pip = Annotated[bool, typer.Option("--pip", help="Make a virtual environment from the package index, with uv.")]
Recipe = Annotated[str, typer.Option("--recipe", metavar="ID", help="This recipe; `kdoctor recipes` lists them.")]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="Its name, in the user's data folder.")]
Prefix = Annotated[str, typer.Option("--prefix", metavar="PATH", help="Its directory instead.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")]
Replace = Annotated[bool, typer.Option("--replace", help="Exchange an environment that exists, once proved.")]
Keras = Annotated[str, typer.Option("--keras", metavar="VERSION", help="Only with this Keras.")]
Tensorflow = Annotated[str, typer.Option("--tensorflow", metavar="VERSION", help="Only with this TensorFlow.")]
Python = Annotated[str, typer.Option("--python-version", metavar="VERSION", help="Only for this Python: 3.12.")]
Backend = Annotated[str, typer.Option("--backend", metavar="tensorflow|jax|torch", help="Only with this backend.")]
Own = Annotated[list[str] | None, typer.Option("--recipes", metavar="PATH", help="Also this recipe file or folder.")]
Format = Annotated[str, typer.Option("--format", metavar="text|json", help="How to print.")]


def fix(
    pip: Pip = False,
    recipe: Recipe = "",
    name: Name = "",
    prefix: Prefix = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    replace: Replace = False,
    keras: Keras = "",
    tensorflow: Tensorflow = "",
    python_version: Python = "",
    backend: Backend = "",
    own: Own = None,
    output: Format = "text",
) -> None:
    """Make an environment in which Keras trains: planned, locked, proved, or nothing is left behind."""
    from kdoctor.commands.choosing import Asked
    from kdoctor.commands.fix import SCHEMA, Outcome
    from kdoctor.commands.fix_pip import make_pip, plan_pip
    from kdoctor.host.live import LiveHost

    one_of("--format", output, ("text", "json"))
    if not pip:
        hint = "`kdoctor recipes show ID` prints the conda commands of a recipe."
        raise Trouble("fix-how", "say how: --pip makes a virtual environment", hint=hint, code=2)
    asked = Asked(
        recipe=recipe,
        name=name,
        prefix=prefix,
        keras=keras,
        tensorflow=tensorflow,
        python_version=python_version,
        backend=backend,
        own=tuple(own or ()),
        replace=replace,
    )
    job = plan_pip(asked, LiveHost())
    plan = job.plan
    if output == "text":
        sys.stdout.write(plan_text(plan))
    if dry_run or not plan.fits:
        finish(Outcome(schema=SCHEMA, plan=plan, done=False), output, code=0 if plan.fits else 1)
    if not yes:
        ask()
    outcome = make_pip(job, tell)
    if output == "text":
        sys.stdout.write(outcome_text(outcome))
    finish(outcome, output, code=0)


def tell(step: str) -> None:
    """One line on stderr for each step."""
    sys.stderr.write(f"kdoctor: {step}\n")
    sys.stderr.flush()


def finish(outcome: Outcome, output: str, *, code: int) -> None:
    """Print the document where it was asked for, and leave."""
    if output == "json":
        import msgspec

        from kdoctor.model.codec import to_builtins

        text = msgspec.json.format(msgspec.json.encode(to_builtins(outcome)), indent=2).decode()
        sys.stdout.write(text + "\n")
    raise typer.Exit(code)


def ask() -> None:
    """A typed yes; raises Trouble where nobody can be asked or the answer is another."""
    if not sys.stdin.isatty():
        raise Trouble("yes-needed", "nothing was done: a yes is needed", hint="Add --yes, or --dry-run.", code=2)
    sys.stderr.write("Make this environment? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Trouble("not-wanted", "nothing was done", code=2)


def plan_text(plan: Plan) -> str:
    """The whole plan."""
    from kdoctor.render.fix import rows, settings_of

    pairs = [("recipe", f"{plan.recipe}: {plan.title}"), ("because", plan.why)]
    pairs += [("" if number else "not met", text) for number, text in enumerate(plan.unmet)]
    pairs += [("target", plan.target), ("python", f"{plan.python} ({plan.version})")]
    pairs += [("" if number else "installs", spec) for number, spec in enumerate(plan.specs)]
    if plan.settings:
        pairs.append(("sets", f"{settings_of(plan.settings)} (when activated)"))
    pairs.append(("steps", "resolve, lock with hashes, build aside, install, prove, put in place"))
    pairs.append(("proves", "kdoctor's rules, the imports, the devices, the linear regression"))
    return rows(pairs)


def outcome_text(outcome: Outcome) -> str:
    """What was proved, and how to use it."""
    from kdoctor.render.fix import rows

    pairs = [("proved" if number == 0 else "", f"{one.name}: {one.said}") for number, one in enumerate(outcome.proofs)]
    if outcome.gpu == "not-here":
        pairs.append(("GPU", "none could be used here: everything else is proved"))
    pairs.append(("ready", f"{len(outcome.packages)} packages in {outcome.plan.target}"))
    pairs.append(("use it", outcome.activate))
    return "\n" + rows(pairs)
