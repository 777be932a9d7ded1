"""`kdoctor fix`: options, the question, and output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from kdoctor.cli_files import write_files
from kdoctor.cli_in_place import in_place
from kdoctor.model.trouble import Trouble
from kdoctor.options import (
    Backend,
    Env,
    FixFormats,
    Keras,
    NoRedact,
    Own,
    Python,
    PythonVersion,
    Tensorflow,
    outputs_of,
)
from kdoctor.options_fix import (
    Channel,
    Client,
    Conda,
    Devcontainer,
    Docker,
    DryRun,
    For,
    Force,
    InPlace,
    List,
    Name,
    Newer,
    Offline,
    Output,
    Pip,
    Pixi,
    Prefix,
    Recipe,
    Remove,
    Replace,
    Requirements,
    Yes,
    Yml,
)
from kdoctor.render.formats import FIX, names
from kdoctor.talk import Talk
from kdoctor.terminal import agree, tell

if TYPE_CHECKING:
    from kdoctor.commands.choosing import Asked
    from kdoctor.host import User
    from kdoctor.model.plan import Outcome, Plan


def fix(
    python: Python = "",
    env: Env = "",
    yes_in_place: InPlace = False,
    conda: Conda = False,
    pip: Pip = False,
    recipe: Recipe = "",
    name: Name = "",
    prefix: Prefix = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    replace: Replace = False,
    for_file: For = "",
    keras: Keras = "",
    tensorflow: Tensorflow = "",
    python_version: PythonVersion = "",
    backend: Backend = "",
    own: Own = None,
    channel: Channel = None,
    client: Client = "",
    offline: Offline = False,
    exclude_newer: Newer = "",
    docker: Docker = False,
    environment_yml: Yml = False,
    requirements: Requirements = False,
    pixi: Pixi = False,
    devcontainer: Devcontainer = False,
    output_path: Output = "",
    force: Force = False,
    listing: List = False,
    remove: Remove = "",
    output: FixFormats = None,
    no_redact: NoRedact = False,
) -> None:
    """Do the remedy of the primary finding; or make an environment that trains, proved, or nothing is left behind."""
    from kdoctor.commands.choosing import Asked, method_of

    outputs = outputs_of(output, names(FIX))
    talk = Talk(outputs, redact=not no_redact, yes=yes, dry_run=dry_run)
    if listing or remove:
        list_or_remove(remove, talk)
    files = {
        "docker": docker,
        "environment-yml": environment_yml,
        "requirements": requirements,
        "pixi": pixi,
        "devcontainer": devcontainer,
    }
    kinds = tuple(name for name, wanted in files.items() if wanted)
    one_way(conda=conda, pip=pip, kinds=kinds, output_path=output_path, force=force)
    if for_file and not (dry_run or kinds):
        hint = "What is made has to be proved on the machine that it is for."
        raise Trouble(
            "fix-for-elsewhere", "--for plans for another machine: add --dry-run, or write a file", hint=hint, code=2
        )
    asked = Asked(
        recipe=recipe,
        name=name,
        prefix=prefix,
        keras=keras,
        tensorflow=tensorflow,
        python_version=python_version,
        backend=backend,
        own=tuple(own or ()),
        for_file=for_file,
        channels=tuple(channel or ()),
        client=client,
        exclude_newer=exclude_newer,
        offline=offline,
        replace=replace,
        dry_run=dry_run,
    )
    if kinds:
        as_json = talk.is_json(f"--{kinds[0]}")
        write_files(asked, kinds, output_path=output_path, force=force, as_json=as_json)
    if not (conda or pip or recipe):
        if asked != Asked(dry_run=dry_run):
            hint = "`kdoctor recipes` lists what they can make."
            raise Trouble("fix-how", "say how: --conda or --pip makes an environment", hint=hint, code=2)
        in_place(talk, python=python, env=env, yes=yes_in_place)
    if python or env or yes_in_place:
        message = "--python, --env and --in-place are for changes in place: a new environment has none of them"
        raise Trouble("options-exclude-each-other", message, hint="--prefix says where it goes.", code=2)
    make = by_conda if conda or (not pip and method_of(asked) == "conda") else by_pip
    make(asked, talk)


def one_way(*, conda: bool, pip: bool, kinds: tuple[str, ...], output_path: str, force: bool) -> None:
    """Raise Trouble for options of which only one can be meant."""
    reference = "options-exclude-each-other"
    ways = [name for name, given in (("--conda", conda), ("--pip", pip)) if given]
    ways += [f"--{kinds[0]}"] if kinds else []
    if len(ways) > 1:
        raise Trouble(reference, f"{' and '.join(ways)}: choose one", code=2)
    if (output_path or force) and not kinds:
        option = "--output" if output_path else "--force"
        raise Trouble(reference, f"{option} is for files: --docker, --requirements and their like", code=2)


def settle(talk: Talk, plan: Plan, user: User, code: int, carry_out: Callable[[], Outcome]) -> NoReturn:
    """Show the plan; carry it out after a yes, unless its exit code says that nothing is to be made."""
    from kdoctor.advice import shortened
    from kdoctor.commands.fix import SCHEMA
    from kdoctor.model.plan import Outcome
    from kdoctor.render.fix import outcome_text, plan_text, why_not

    talk.show(plan_text(plan))
    why = f"nothing was made: {shortened(why_not(plan), 160)}"
    if code:
        tell(why)
    if talk.dry_run or code:
        solved = bool(plan.packages)
        end = why if code else f"{plan.recipe} would be made in {plan.target}"
        talk.finish(Outcome(schema=SCHEMA, plan=plan, done=False, solved=solved), user, code, end)
    if not talk.yes:
        agree("Make this environment?", instead="--yes")
    outcome = carry_out()
    talk.show(outcome_text(outcome))
    talk.finish(outcome, user, 0, f"{plan.recipe} is ready in {plan.target}")


def by_pip(asked: Asked, talk: Talk) -> None:
    """`kdoctor fix --pip`."""
    from kdoctor.commands.fix_pip import make_pip, plan_pip
    from kdoctor.host.live import LiveHost

    job = plan_pip(asked, LiveHost())
    settle(talk, job.plan, job.user, int(not job.plan.fits), lambda: make_pip(job, tell))


def by_conda(asked: Asked, talk: Talk) -> None:
    """`kdoctor fix --conda`."""
    from kdoctor.commands.fix_conda import make_conda, plan_conda
    from kdoctor.commands.fix_pip import installer_for
    from kdoctor.host.live import LiveHost
    from kdoctor.terminal import with_download

    host = LiveHost()
    job = plan_conda(asked, host)

    def carry_out() -> Outcome:
        assert job.order is not None  # noqa: S101  without one its exit code is not 0
        order, installer = job.order, partial(installer_for, asked, host)
        return with_download(lambda show: make_conda(job, order, installer, tell, show))

    settle(talk, job.plan, job.user, job.code, carry_out)


def list_or_remove(wanted: str, talk: Talk) -> None:
    """`kdoctor fix --list` and `kdoctor fix --remove`; leaves."""
    from kdoctor.commands.fix import SCHEMA
    from kdoctor.commands.fix_made import made, named, remove
    from kdoctor.host.live import LiveHost
    from kdoctor.render.fix import made_text

    talk.is_json("--remove" if wanted else "--list")
    host = LiveHost()
    shown = (named(host, wanted),) if wanted else made(host)
    talk.show(made_text(shown))
    if wanted and not talk.dry_run:
        if not talk.yes:
            agree("Remove this environment?", instead="--yes")
        remove(shown[0])
        tell(f"removed {shown[0].prefix}")
    talk.leave({"schema": SCHEMA, "environments": shown}, host.user)
