"""`kdoctor fix --conda`: an environment of conda packages, solved and installed without conda."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kdoctor import __version__
from kdoctor.advice import quoted
from kdoctor.commands.choosing import Asked, Chosen, chosen, target_of
from kdoctor.commands.fix import Say, done, entered, plan_of, prove
from kdoctor.commands.fix_files_resolve import pinned_for
from kdoctor.commands.solving import Asking, asking, cache, folder_of
from kdoctor.commands.verify import Verification
from kdoctor.fix import execute as engine
from kdoctor.fix.client import CLIENTS, PIXI_FOLDER, Client
from kdoctor.fix.client import fill as hand_over
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.files.pixi import pixi_toml
from kdoctor.fix.install import Way
from kdoctor.fix.installer import Installer
from kdoctor.fix.machine import answer, machine_of
from kdoctor.fix.pip import into_prefix
from kdoctor.fix.settle import ACTIVATE, settle, settle_workspace
from kdoctor.fix.solve import NoSolution, Question, Solution, Unreachable, solve
from kdoctor.fix.virtual import subdir_of
from kdoctor.host import User, on_path
from kdoctor.host.live import LiveHost
from kdoctor.host.place import refuse
from kdoctor.host.scratch import scratch
from kdoctor.host.workspace import Workspace
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.conda import Conda
from kdoctor.model.plan import Download, Outcome, Plan
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

WAIT_S = 1.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and what carries it out; ``order`` None: there is nothing to carry out, ``plan.problem`` says why.

    ``code``: the exit code where it is only looked at.
    """

    plan: Plan
    user: User
    recipe: Recipe
    python: PythonVersion
    order: engine.Order | None
    wheels: tuple[str, ...]
    client: Client | None
    has_conda: bool
    code: int


def plan_conda(asked: Asked, host: LiveHost) -> Job:
    """The plan, solved; raises Trouble. A dry run leaves no cache."""
    found = chosen(asked, "conda")
    recipe, python = found.recipe, found.choice.python or found.pythons[-1]
    wheels = pip_specs(recipe, python, recipe.platforms[0])
    subdir, has_conda = subdir_of(recipe, machine_of(found.facts)), _has_conda(found.facts)
    asks = asking(asked, found, host, python, subdir=subdir, with_pip=bool(wheels))
    target = target_of(asked, recipe, host, folder_of(asks.config, has_conda=has_conda))
    refuse(target, replace=asked.replace)
    plan = _plan(asked, asks, plan_of(found, python, target, (*asks.question.specs, *wheels)))
    solved = _solved(asks.question, plan.fits, leave_nothing=asked.dry_run)
    order = None
    if isinstance(solved, Solution):
        question = solved.question
        way = Way(cache=cache("packages"), offline=question.offline, retries=question.retries, access=question.access)
        order = engine.Order(solution=solved, prefix=target, way=way, replace=asked.replace, wait_s=WAIT_S)
        engine.check_place(order)
    return Job(
        plan=_with(plan, solved),
        user=found.user,
        recipe=recipe,
        python=python,
        order=order,
        wheels=wheels,
        client=client_of(asked, found, host) if asked.client else None,
        has_conda=has_conda,
        code=3 if isinstance(solved, Unreachable) else int(order is None),
    )


def _plan(asked: Asked, asks: Asking, plan: Plan) -> Plan:
    virtual = asks.question.virtual_packages
    return msgspec.structs.replace(
        plan,
        client=asked.client,
        channels=asks.question.channels,
        notes=asks.notes,
        machine={one.name: one.version if one.build == "0" else one.build for one in virtual},
    )


def client_of(asked: Asked, found: Chosen, host: LiveHost) -> Client:
    """The installed client that was asked for. Raises Trouble where it is none that can, or not here."""
    if asked.client not in CLIENTS:
        raise Trouble("option-value-unknown", f"--client {asked.client}: expected one of {', '.join(CLIENTS)}", code=2)
    if asked.replace:
        message = "--client writes in place, so it cannot exchange an environment that is kept until then"
        raise Trouble("options-exclude-each-other", message, hint="Leave out --client or --replace.", code=2)
    named = host.environ.get("CONDA_EXE" if asked.client == "conda" else "MAMBA_EXE", "")
    program = on_path(host, asked.client) or (named if named.endswith(f"/{asked.client}") else "")
    if not program:
        hint = "Without `--client` kdoctor installs the packages itself."
        raise Trouble("client-missing", f"{asked.client} is neither on PATH nor in $CONDA_EXE or $MAMBA_EXE", hint=hint)
    manifest = ""
    if asked.client == "pixi":
        pinned = pinned_for(asked, found, ("pixi",), host, lambda _: None, is_pylock=False, leave_nothing=asked.dry_run)
        manifest = pixi_toml(msgspec.structs.replace(pinned, kdoctor=__version__, again=("--recipe", found.recipe.id)))
    return Client(name=asked.client, program=program, environ=host.environ, offline=asked.offline, manifest=manifest)


def _has_conda(facts: Facts) -> bool:
    conda = answer(facts, Conda)
    return isinstance(conda, Conda) and bool(conda.installations)


def _solved(question: Question, fits: bool, *, leave_nothing: bool) -> Solution | NoSolution | Unreachable | None:  # noqa: FBT001  a fact of the plan
    """What the solver says; None where the recipe does not fit, for which nobody is asked."""
    if not fits:
        return None
    if not leave_nothing:
        return solve(question)
    with scratch() as folder:
        return solve(msgspec.structs.replace(question, cache=folder))


def _with(plan: Plan, solved: Solution | NoSolution | Unreachable | None) -> Plan:
    """The plan with what the solver said."""
    if isinstance(solved, Solution):
        packages = tuple(str(package) for package in solved.packages)
        return msgspec.structs.replace(plan, packages=packages, download_bytes=solved.total_bytes)
    if isinstance(solved, Unreachable):
        return msgspec.structs.replace(plan, problem=f"{solved.channel} was not reached: {solved.why}")
    if isinstance(solved, NoSolution):
        cpu = f" Only CPU builds would do: {', '.join(solved.cpu_builds)}." if solved.cpu_builds else ""
        helps = tuple(str(relaxation) for relaxation in solved.relaxations)
        return msgspec.structs.replace(plan, problem=f"no solution: {solved.text}{cpu}", relaxations=helps)
    return plan


def make_conda(
    job: Job, order: engine.Order, installer: Callable[[str], Installer], say: Say, show: Callable[[Download], None]
) -> Outcome:
    """Make it. ``installer`` gives what installs wheels for an interpreter.

    Raises Trouble where anything fails; then nothing of the target exists.
    """
    seen: list[Verification] = []
    settings: dict[str, str] = {}
    wheels: list[str] = []
    client = job.client

    def prepare(room: Workspace) -> None:
        if client and client.manifest:
            settings.update(settle_workspace(job.recipe, job.python, job.plan.specs, PIXI_FOLDER, room))
            return
        if job.wheels:
            wheels.extend(into_prefix(job.wheels, room, installer(f"{room.prefix}/bin/python"), say))
        settings.update(settle(job.recipe, job.python, job.plan.specs, room))

    def verify(prefix: str) -> engine.Verdict:
        say("verifying: kdoctor's rules, the imports, the devices, the linear regression")
        python = f"{client.environment(prefix) if client else prefix}/bin/python"
        seen.append(prove(python, settings, gpu_wanted=job.plan.gpu_wanted))
        say(f"putting it in place: {order.prefix}")
        return engine.Verdict(is_good=True)

    fill = (lambda room: hand_over(client, LiveHost(), order.solution, room)) if client else None
    say(f"installing {len(order.solution.packages)} packages{f' by {client.name}' if client else ''}")
    with entered(order.prefix):
        engine.execute(order, verify, fill=fill, prepare=prepare, on_progress=show, on_wait=say)
    activate = f"source {quoted(f'{order.prefix}/{ACTIVATE}')}"
    if client or job.has_conda:
        activate = client.activate(order.prefix) if client else f"conda activate {quoted(order.prefix)}"
    return done(job.plan, (*job.plan.packages, *wheels), seen[-1], activate)
