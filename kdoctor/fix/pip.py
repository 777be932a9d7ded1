"""Make a virtual environment from a recipe's pip requirements: locked with hashes, built aside, proved, put in place.

uv does the work where it is found (beside kdoctor or on PATH): it resolves for the chosen Python, writes a lock with
hashes and makes environments that can be moved. Nothing of the target exists before the last step.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import msgspec

from kdoctor.fix.settle import settle
from kdoctor.host import NotRun, Ran
from kdoctor.host.scripts import relocate
from kdoctor.host.spawn import spawn
from kdoctor.host.worker import tethered
from kdoctor.host.workspace import Workspace, workspace
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.model.version import PythonVersion

RESOLVE_TIMEOUT_S = 300.0
INSTALL_TIMEOUT_S = 3600.0
NEED_BYTES = 6 << 30
LOCK = "kdoctor-requirements.lock"
_SHORT = 400

Say = Callable[[str], None]
Verify = Callable[[str, Mapping[str, str]], None]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that is in its place; ``packages`` are NAME==VERSION as locked."""

    target: str
    python: str
    packages: tuple[str, ...]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """uv, the Python that it works for, and the environment that it runs in."""

    uv: str
    python: str
    environ: Mapping[str, str]

    def run(self, *words: str, timeout_s: float, doing: str) -> Ran:
        """Run uv; raises Trouble with its own last words where it fails."""
        environ = {**self.environ, "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1", "VIRTUAL_ENV": ""}
        ran = spawn(tethered(self.uv, *words), timeout_s=timeout_s, environ=environ)
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


def make(order: Order, tool: Tool, *, verify: Verify, say: Say) -> Made:
    """The environment. ``verify`` gets its interpreter and settings, and raises Trouble to refuse it."""
    with workspace(order.target, replace=order.replace, need_bytes=NEED_BYTES, wait_s=1.0, on_wait=say) as room:
        packages = lock(order.specs, room, tool, say)
        say(f"making the environment with {tool.python}")
        words = ("venv", "--relocatable", "--allow-existing", "--no-project", "--seed", "-p", tool.python, room.prefix)
        tool.run(*words, timeout_s=RESOLVE_TIMEOUT_S, doing="making the environment")
        python = f"{room.prefix}/bin/python"
        install(packages, python, room, tool, say)
        settings = settle(order.recipe, order.python, order.specs, room)
        say("verifying: kdoctor's rules, the imports, the devices, the linear regression")
        verify(python, settings)
        say(f"putting it in place: {order.target}")
        room.commit()
    return Made(target=order.target, python=f"{order.target}/bin/python", packages=packages)


def lock(specs: tuple[str, ...], room: Workspace, tool: Tool, say: Say) -> tuple[str, ...]:
    """Resolve for the tool's Python into a lock with hashes, which stays in the environment."""
    say("resolving")
    wanted = room.note("requirements.in", "".join(f"{spec}\n" for spec in specs).encode())
    words = ("pip", "compile", wanted, "-p", tool.python, "--generate-hashes", "--no-header", "-q")
    tool.run(*words, "-o", f"{room.work}/lock", timeout_s=RESOLVE_TIMEOUT_S, doing="resolving")
    return tuple(re.findall(r"^([A-Za-z0-9._-]+==[^ \\;]+)", room.keep("lock", LOCK).decode(), re.MULTILINE))


def install(packages: tuple[str, ...], python: str, room: Workspace, tool: Tool, say: Say) -> None:
    """Install what was locked into the environment of that interpreter."""
    say(f"installing {len(packages)} packages")
    words = ("pip", "install", "--python", python, "--require-hashes", "-r", f"{room.prefix}/{LOCK}")
    tool.run(*words, timeout_s=INSTALL_TIMEOUT_S, doing="installing")


def into_prefix(specs: tuple[str, ...], room: Workspace, tool: Tool, say: Say) -> tuple[str, ...]:
    """Lock and install into a conda prefix that is being made; its commands start the interpreter of its last place."""
    packages = lock(specs, room, tool, say)
    install(packages, tool.python, room, tool, say)
    relocate(f"{room.prefix}/bin", room.prefix, room.target)
    return packages
