"""`kdoctor fix --pip`: a virtual environment from the package index."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec

from kdoctor.advice import quoted
from kdoctor.commands.choosing import Asked, chosen, target_of
from kdoctor.commands.fix import Say, done, entered, plan_of, prove
from kdoctor.commands.verify import Verification
from kdoctor.fix.by_pip import Pip
from kdoctor.fix.by_uv import Uv
from kdoctor.fix.contents import pip_specs
from kdoctor.fix.pip import NEED_BYTES, Order, make
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
    installer: Uv | Pip


def uv_of(host: LiveHost) -> str:
    """The uv beside kdoctor, else the one on PATH, else ""."""
    beside = f"{sys.prefix}/bin/uv"
    return beside if is_file(host, beside) else on_path(host, "uv")


def installer_for(asked: Asked, host: LiveHost, python: str) -> Uv | Pip:
    """uv, or pip where there is none, for that interpreter, told of the options. Raises Trouble where it cannot."""
    if uv := uv_of(host):
        offline = {"UV_OFFLINE": "1"} if asked.offline else {}
        newest = {"UV_EXCLUDE_NEWER": asked.exclude_newer} if asked.exclude_newer else {}
        return Uv(uv=uv, python=python, environ={**host.environ, **offline, **newest})
    if asked.exclude_newer or asked.offline:
        option = "--offline" if asked.offline else "--exclude-newer"
        hint = "Install uv: `pip install 'keras-doctor[fix]'`."
        raise Trouble("uv-missing", f"{option} needs uv, which is not installed", hint=hint)
    return Pip(python=python, environ=host.environ)


def interpreter_for(host: LiveHost, candidates: tuple[PythonVersion, ...]) -> tuple[str, PythonVersion]:
    """The newest of these Pythons that is on the machine. Raises Trouble where none is."""
    uv = uv_of(host)
    for version in reversed(candidates):
        if found := _by_uv(host, uv, version) if uv else on_path(host, f"python{version.short}"):
            return found, version
    wanted = ", ".join(version.short for version in candidates)
    hint = "Install one of them, or use --conda, which brings its own."
    raise Trouble("python-not-here", f"none of the Pythons {wanted} is on this machine", hint=hint)


def _by_uv(host: LiveHost, uv: str, version: PythonVersion) -> str:
    environ = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_CACHE": "1", "VIRTUAL_ENV": ""}
    ran = LiveHost(environ={**host.environ, **environ}).run((uv, "python", "find", "--system", version.short), 30.0)
    return "" if isinstance(ran, NotRun) or ran.code else (ran.out.strip().splitlines() or [""])[-1]


def plan_pip(asked: Asked, host: LiveHost) -> Job:
    """The plan, without writing anything. Raises Trouble."""
    found = chosen(asked, "pip")
    recipe = found.recipe
    target = target_of(asked, recipe, host)
    refuse(target, replace=asked.replace, need_bytes=NEED_BYTES)
    python, version = interpreter_for(host, found.pythons)
    specs = pip_specs(recipe, version, recipe.platforms[0])
    return Job(
        plan=msgspec.structs.replace(plan_of(found, version, target, specs), python=python),
        user=found.user,
        order=Order(recipe=recipe, python=version, specs=specs, target=target, replace=asked.replace),
        installer=installer_for(asked, host, python),
    )


def make_pip(job: Job, say: Say) -> Outcome:
    """Make it. Raises Trouble where anything fails; then nothing of the target exists."""
    seen: list[Verification] = []

    def verify(python: str, settings: Mapping[str, str]) -> None:
        seen.append(prove(python, settings, gpu_wanted=job.plan.gpu_wanted))

    with entered(job.plan.target):
        made = make(job.order, job.installer, verify=verify, say=say)
    return done(job.plan, made.packages, seen[-1], f"source {quoted(f'{made.target}/bin/activate')}")
