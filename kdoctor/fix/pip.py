"""Make a virtual environment from a recipe's pip requirements: locked with hashes, built aside, proved, put in place.

uv does the work where it is found (beside kdoctor or on PATH): it resolves for the chosen Python, writes a lock with
hashes and makes environments that can be moved. Nothing of the target exists before the last step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from kdoctor.advice import quoted
from kdoctor.host import NotRun, Ran
from kdoctor.host.spawn import spawn
from kdoctor.host.workspace import Workspace, workspace
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

RESOLVE_TIMEOUT_S = 300.0
INSTALL_TIMEOUT_S = 3600.0
NEED_BYTES = 6 << 30
LOCK = "kdoctor-requirements.lock"
RECORD = "kdoctor-environment.json"
SETTINGS = "# kdoctor: settings of the recipe"
_SHORT = 400

Say = Callable[[str], None]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that is in its place; ``packages`` are NAME==VERSION as locked."""

    target: str
    python: str
    packages: tuple[str, ...]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What kdoctor leaves in an environment that it made, so that it can list and remove it."""

    recipe: str
    method: str
    specs: tuple[str, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """uv, the Python that it works for, and the environment that it runs in."""

    uv: str
    python: str
    environ: Mapping[str, str]

    def run(self, *words: str, timeout_s: float, doing: str) -> Ran:
        """Run uv; raises Trouble with its own last words where it fails."""
        environ = {**self.environ, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", "VIRTUAL_ENV": ""}
        ran = spawn((self.uv, *words), timeout_s=timeout_s, environ=environ)
        if isinstance(ran, NotRun):
            raise Trouble("uv-not-run", f"{doing}: uv: {ran}")
        if ran.code:
            raise Trouble("pip-failed", f"{doing}: {reason_of(ran.err)}", hint=hint_of(ran.err))
        return ran


def reason_of(text: str) -> str:
    r"""What uv says, in one line.

    >>> reason_of("  x No solution found when resolving:\n  because a==1 needs b\n")
    'No solution found when resolving: because a==1 needs b'
    """
    words = re.sub(r"[^\x20-\x7e]+", " ", " ".join(text.split()))
    return re.sub(r"^(x|error:)\s+", "", words.strip())[:_SHORT].strip() or "uv gave no reason"


def hint_of(text: str) -> str:
    """What to do about it, where the text tells."""
    if re.search(r"No space left", text):
        return "Free some space, or choose another --prefix."
    if re.search(r"error sending request|dns|connect|timed out|401|403|50\d", text, re.IGNORECASE):
        return "The package index could not be used: check the network, proxy and index settings of pip or uv."
    return ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make: a recipe with one of its Pythons, at an absolute path."""

    recipe: Recipe
    python: PythonVersion
    specs: tuple[str, ...]
    target: str
    replace: bool = False


def make(order: Order, tool: Tool, *, verify: Callable[[str, Mapping[str, str]], None], say: Say) -> Made:
    """The environment. ``verify`` gets its interpreter and settings, and raises Trouble to refuse it."""
    with workspace(order.target, replace=order.replace, need_bytes=NEED_BYTES, wait_s=1.0, on_wait=say) as room:
        packages = _lock(order.specs, room, tool, say)
        say(f"making the environment with {tool.python}")
        words = ("venv", "--relocatable", "--allow-existing", "--no-project", "--seed", "-p", tool.python, room.prefix)
        tool.run(*words, timeout_s=RESOLVE_TIMEOUT_S, doing="making the environment")
        say(f"installing {len(packages)} packages")
        python = f"{room.prefix}/bin/python"
        install = ("pip", "install", "--python", python, "--require-hashes", "-r", f"{room.prefix}/{LOCK}")
        tool.run(*install, timeout_s=INSTALL_TIMEOUT_S, doing="installing")
        settings = _settle(order, room)
        say("verifying: kdoctor's rules, the imports, the devices, the linear regression")
        verify(python, {name: value.replace(order.target, room.prefix) for name, value in settings.items()})
        say(f"putting it in place: {order.target}")
        room.commit()
    return Made(target=order.target, python=f"{order.target}/bin/python", packages=packages)


def _lock(specs: tuple[str, ...], room: Workspace, tool: Tool, say: Say) -> tuple[str, ...]:
    """Resolve into a lock with hashes, which stays in the environment."""
    say("resolving")
    wanted = room.note("requirements.in", "".join(f"{spec}\n" for spec in specs).encode())
    words = ("pip", "compile", wanted, "-p", tool.python, "--generate-hashes", "--no-header", "-q")
    tool.run(*words, "-o", f"{room.work}/lock", timeout_s=RESOLVE_TIMEOUT_S, doing="resolving")
    return tuple(re.findall(r"^([A-Za-z0-9._-]+==[^ \\;]+)", room.keep("lock", LOCK).decode(), re.MULTILINE))


def _settle(order: Order, room: Workspace) -> Mapping[str, str]:
    """The recipe's links, its variables in the activation script, and the record of how it was made."""
    packages = f"lib/python{order.python.short}/site-packages"
    for name, target in order.recipe.links.items():
        room.link(name.replace("{site_packages}", packages), target)
    places = {"{prefix}": order.target, "{site_packages}": f"{order.target}/{packages}"}
    settings = {name: _placed(value, places) for name, value in order.recipe.environment.items()}
    if settings:
        lines = [SETTINGS, *(f"export {name}={quoted(value)}" for name, value in settings.items())]
        room.write("bin/activate", room.read("bin/activate") + ("\n".join(lines) + "\n").encode())
    record = Record(recipe=order.recipe.id, method="pip", specs=order.specs)
    room.write(RECORD, msgspec.json.format(msgspec.json.encode(record)))
    return settings


def _placed(value: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        value = value.replace(name, place)
    return value
