"""`kdoctor fake`: which machine is simulated, and the command that meets it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby

import msgspec

from kdoctor.fakegpu.machine import Machine, read_state, refuse_long, state_of, text_of
from kdoctor.fakegpu.wishes import DEFAULT_DRIVER, driver_of, faults_of, known_models, mig_of, models_of
from kdoctor.knowledge.faults import faults
from kdoctor.model.trouble import Trouble

STATE_BYTES = 1 << 18
USAGE = "Write it after --, e.g. `kdoctor fake --gpus 2 -- nvidia-smi`; `kdoctor fake --list` shows models and faults."


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options; ``gpus`` 0: one, or one for each model; ``state``: a file's path."""

    gpus: int = 0
    models: tuple[str, ...] = ()
    driver: str = ""
    faults: tuple[str, ...] = ()
    mig: tuple[str, ...] = ()
    state: str = ""


def machine_of(asked: Asked) -> Machine:
    """The machine that the options describe. Raises Trouble."""
    models = models_of(asked.models, asked.gpus)
    driver, cuda = driver_of(asked.driver, models)
    return Machine(
        models=models,
        driver=driver,
        cuda=cuda,
        faults=faults_of(asked.faults),
        divided=mig_of(asked.mig, len(models)),
    )


def state(asked: Asked, machine: Machine) -> str:
    """The state as text, what the user's own file says first. Raises Trouble."""
    own = read_state(_read(asked.state), asked.state) if asked.state else {}
    whole = {**own, **{key: value for key, value in state_of(machine).items() if key not in own}}
    refuse_long(whole, machine.models)
    return text_of(whole)


def _read(path: str) -> str:
    from kdoctor.commands.check import read_input

    data = read_input(path)
    if len(data) > STATE_BYTES:
        raise Trouble("state-too-large", f"{path} is larger than {STATE_BYTES >> 10} kB, which no state is", code=2)
    return data.decode("utf-8", "replace")


def said(asked: Asked, machine: Machine) -> str:
    """One sentence: what is simulated, and that it cannot compute."""
    gpus = ", ".join(f"{len(list(some))} x {name}" for name, some in groupby(model.name for model in machine.models))
    wrong = "".join(f", {fault.id}" for fault in machine.faults)
    own = f", changed by {asked.state}" if asked.state else ""
    return f"simulated, it cannot compute: {gpus}, driver {machine.driver} (CUDA {machine.cuda}){wrong}{own}"


def run(asked: Asked, command: tuple[str, ...], *, quiet: bool) -> None:
    """Put the simulated driver before a command; comes back only by raising Trouble."""
    if sys.platform != "linux":
        raise Trouble("fake-only-on-linux", "kdoctor fake works on Linux only: it needs that loader's search order")
    machine = machine_of(asked)
    text = state(asked, machine)
    if not command:
        raise Trouble("command-missing", "there is no command to run", hint=USAGE, code=2)
    from kdoctor.host import fake_driver

    if machine.offered != "both" and fake_driver.real_driver():
        message = f"this machine has a real driver ({fake_driver.real_driver()}), which cannot be hidden"
        raise Trouble("real-driver-here", message, hint="Simulate another fault, or use a container.")
    cache = fake_driver.cache_folder()
    folder = fake_driver.built(cache)
    environ = fake_driver.environment(folder, fake_driver.kept_state(cache, text), machine.offered)
    if not quiet:
        sys.stderr.write(f"kdoctor: {said(asked, machine)}\n")
    fake_driver.become(command, environ)


def listed() -> str:
    """The models and faults that can be simulated."""
    return "\n".join(_lists()) + "\n"


def _lists() -> Iterator[str]:
    yield "models (--model ID; the beginning of an id or a product name will do):"
    for model in known_models():
        memory = f"{model.memory_gb} GiB"
        yield f"  {model.id:<30} {model.name:<52} {model.compute_capability!s:>4} {memory:>8}"
    yield ""
    yield f"faults (--fault NAME; several may be given; the driver is {DEFAULT_DRIVER} unless the model needs another):"
    width = max(len(fault.id) for fault in faults()) + 2
    for fault in faults():
        yield f"  {fault.id:<{width}}{fault.what}"
