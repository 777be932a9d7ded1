"""Have an installed conda, mamba, micromamba or pixi put the packages of a plan in their place.

The plan is an explicit list, for pixi a workspace with every package at one version and build: there is nothing left
to solve. The client writes the target itself; what it says of its success is not believed, the records that it leaves
are read.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.advice import quoted
from kdoctor.fix.conda import last_cause, without_credentials
from kdoctor.fix.install import LOCK_FILE, lock_text
from kdoctor.fix.solve import Solution
from kdoctor.host import Host, NotRun, names_in
from kdoctor.host.spawn import spawn
from kdoctor.host.worker import tethered
from kdoctor.host.workspace import Workspace
from kdoctor.model.trouble import Trouble

CLIENTS = ("conda", "mamba", "micromamba", "pixi")
PIXI_FOLDER = ".pixi/envs/default"
TIMEOUT_S = 6 * 3600.0


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client and the environment that it runs in. ``manifest``: the pixi.toml, for pixi."""

    name: str
    program: str
    environ: Mapping[str, str]
    offline: bool = False
    manifest: str = ""

    def environment(self, target: str) -> str:
        """The prefix of what it makes at a target: pixi's target is a workspace."""
        return f"{target}/{PIXI_FOLDER}" if self.name == "pixi" else target

    def activate(self, target: str) -> str:
        """The command that activates it."""
        words = ("shell", "--manifest-path", f"{target}/pixi.toml") if self.name == "pixi" else ("activate", target)
        return " ".join([self.name, *(quoted(word) for word in words)])


def fill(client: Client, host: Host, solution: Solution, room: Workspace) -> None:
    """Let the client make the target. Raises Trouble where a package of the plan is not there afterwards."""
    listed = room.note("explicit.txt", explicit(solution).encode())
    room.hand_over()
    words: tuple[str, ...] = ("create", "--yes", "--json", *(("--offline",) if client.offline else ()))
    words = (*words, "--prefix", room.target, "--file", listed)
    if client.manifest:
        room.write("pixi.toml", client.manifest.encode())
        words = ("install", "--manifest-path", f"{room.target}/pixi.toml")
    command = tethered(client.program, *words)
    environ = {**client.environ, "CONDA_OVERRIDE_CUDA": _cuda(solution), "CONDA_QUIET": "1"}
    ran = spawn(command, timeout_s=TIMEOUT_S, environ=environ)
    if isinstance(ran, NotRun):
        raise Trouble("client-not-run", f"{client.name}: {ran}")
    prefix = client.environment(room.target)
    there = {name.removesuffix(".json") for name in names_in(host, f"{prefix}/conda-meta")}
    wanted = {f"{one.name}-{one.version}-{one.build}": one for one in solution.packages}
    missing = sorted(wanted.keys() - there)
    if missing:
        said = without_credentials(message_of(ran.out) or last_cause(ran.err) or f"exit status {ran.code}")
        message = f"{client.name} did not install {', '.join(missing[:3])}{' and more' if missing[3:] else ''}: {said}"
        raise Trouble("client-failed", message, hint="Without `--client` kdoctor installs them itself.")
    room.write(LOCK_FILE, lock_text(solution).encode())


def explicit(solution: Solution) -> str:
    """The list for the client, with the credentials that its URLs have; a hash that every client reads."""
    rows = (f"{one.url}#{one.md5 or f'sha256:{one.sha256}'}" for one in solution.packages)
    return "\n".join(["@EXPLICIT", *rows]) + "\n"


def message_of(text: str) -> str:
    """What conda's JSON says went wrong, in a line; "" where it is no such JSON.

    >>> message_of('{"message": "Not found." , "success": false}')
    'Not found.'
    """
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return ""
    said = found.get("message") or found.get("error") if isinstance(found, dict) else ""
    return " ".join(str(said or "").split())[:300]


def _cuda(solution: Solution) -> str:
    return next((one.version for one in solution.question.virtual_packages if one.name == "__cuda"), "")
