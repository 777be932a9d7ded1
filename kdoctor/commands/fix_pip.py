"""`kdoctor fix --pip`: a virtual environment from the package index."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from kdoctor.advice import quoted
from kdoctor.commands.choosing import Asked, chosen, target_of
from kdoctor.commands.fix import Say, done, entered, plan_of, prove
from kdoctor.commands.verify import Verification
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.pip import NEED_BYTES, Order, Tool, make
from kdoctor.host import NotRun, User, is_file, on_path
from kdoctor.host.live import LiveHost
from kdoctor.host.place import refuse
from kdoctor.model.plan import Outcome, Plan
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and what carries it out; ``user``: whose machine it is for."""

    plan: Plan
    user: User
    order: Order
    tool: Tool


def uv_of(host: LiveHost) -> str:
    """The uv beside kdoctor, else the one on PATH. Raises Trouble where there is none."""
    beside = f"{sys.prefix}/bin/uv"
    found = beside if is_file(host, beside) else on_path(host, "uv")
    if not found:
        raise Trouble("uv-missing", "uv is not installed", hint="Install it: `pip install 'keras-doctor[fix]'`.")
    return found


def tool_for(asked: Asked, host: LiveHost, python: str) -> Tool:
    """uv for that interpreter, told of the options. Raises Trouble where there is no uv."""
    offline = {"UV_OFFLINE": "1"} if asked.offline else {}
    newest = {"UV_EXCLUDE_NEWER": asked.exclude_newer} if asked.exclude_newer else {}
    return Tool(uv=uv_of(host), python=python, environ={**host.environ, **offline, **newest})


def interpreter_for(host: LiveHost, uv: str, candidates: tuple[PythonVersion, ...]) -> tuple[str, PythonVersion]:
    """The newest of these Pythons that is on the machine. Raises Trouble where none is."""
    environ = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CACHE": "1", "VIRTUAL_ENV": ""}
    asking = LiveHost(environ={**host.environ, **environ})
    for version in reversed(candidates):
        ran = asking.run((uv, "python", "find", "--system", version.short), 30.0)
        if not isinstance(ran, NotRun) and ran.code == 0 and ran.out.strip():
            return ran.out.strip().splitlines()[-1], version
    wanted = ", ".join(version.short for version in candidates)
    hint = "Install one of them, or use --conda, which brings its own."
    raise Trouble("python-not-here", f"none of the Pythons {wanted} is on this machine", hint=hint)


def plan_pip(asked: Asked, host: LiveHost) -> Job:
    """The plan, without writing anything. Raises Trouble."""
    uv = uv_of(host)
    found = chosen(asked, "pip")
    recipe = found.recipe
    target = target_of(asked, recipe, host)
    refuse(target, replace=asked.replace, need_bytes=NEED_BYTES)
    python, version = interpreter_for(host, uv, found.pythons)
    specs = pip_specs(recipe, version, recipe.platforms[0])
    return Job(
        plan=msgspec.structs.replace(plan_of(found, version, target, specs), python=python),
        user=found.user,
        order=Order(recipe=recipe, python=version, specs=specs, target=target, replace=asked.replace),
        tool=tool_for(asked, host, python),
    )


def make_pip(job: Job, say: Say) -> Outcome:
    """Make it. Raises Trouble where anything fails; then nothing of the target exists."""
    seen: list[Verification] = []

    def verify(python: str, settings: Mapping[str, str]) -> None:
        seen.append(prove(python, settings, gpu_wanted=job.plan.gpu_wanted))

    with entered(job.plan.target):
        made = make(job.order, job.tool, verify=verify, say=say)
    return done(job.plan, made.packages, seen[-1], f"source {quoted(f'{made.target}/bin/activate')}")
