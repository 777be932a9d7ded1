"""This machine: its files as they are, its processes, and children with a time limit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host import Answer, Asked, FileStat, NotRun, Platform, Process, Ran, Runner, Unanswered, Unreadable, User
from kdoctor.host.files import Files
from kdoctor.host.spawn import spawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdoctor.model.facts.base import Origin

INSIDE = Path(__file__).resolve().parent.parent / "inside"
NOISE_LIMIT = 2000


class LiveHost(Files):
    """A Host on the running machine. ``examined``: the interpreter that questions for "examined" go to."""

    origin: Origin = "live"

    def __init__(self, *, examined: str = "", environ: Mapping[str, str] | None = None) -> None:
        """Take the process's own environment unless another is given."""
        super().__init__()
        self.examined = examined
        self.environ: Mapping[str, str] = dict(os.environ if environ is None else environ)
        self.platform = _platform()
        self.user = _user()
        self.cwd = _cwd()

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """What the path is, with the names of its owner and group."""
        found = super().stat(path, follow=follow)
        if isinstance(found, Unreadable) or found.kind not in ("character", "block"):
            return found
        return msgspec.structs.replace(found, owner=_owner(found.uid), group=_group(found.gid))

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:
        """Run a command of the machine."""
        return spawn(argv, timeout_s=timeout_s, environ={**self.environ, "LC_ALL": "C", "LANGUAGE": ""})

    def ask(
        self, question: str, *, runner: Runner, timeout_s: float, environ: Mapping[str, str] | None = None
    ) -> Asked:
        """Run a question script in a child."""
        python = self.examined if runner == "examined" else sys.executable
        if runner == "own":
            beside = os.pathsep.join(filter(None, (str(INSIDE.parent.parent), self.environ.get("PYTHONPATH", ""))))
            environ = {**(environ or {}), "PYTHONPATH": beside}  # a kdoctor that was copied has its libraries there
        if not python:
            return Unanswered(reason="there is no interpreter to ask")
        script = str(INSIDE / f"{question}.py")
        ran = spawn((python, script), timeout_s=timeout_s, environ={**self.environ, **(environ or {})})
        return answer_of(ran, python)

    def process(self, pid: int) -> Process | None:
        """The process of that number."""
        import psutil  # noqa: PLC0415  20 ms, needed only where a process holds a GPU

        try:
            found = psutil.Process(pid)
            return Process(pid=pid, name=found.name(), user=found.username())
        except (psutil.Error, KeyError, ValueError, OverflowError):
            return None


def answer_of(ran: Ran | NotRun, python: str) -> Asked:
    """The answer in what a question script printed: its last line that is a JSON object.

    A child that crashes or hangs after its answer, as frameworks do while they are torn down, has answered.
    """
    lines = ran.out.splitlines()
    index = next((index for index in range(len(lines) - 1, -1, -1) if _is_object(lines[index])), None)
    ending = "" if isinstance(ran, Ran) else f"after its answer: {ran}"
    if index is not None:
        noise = [*lines[:index], *lines[index + 1 :], *ran.err.splitlines(), *([ending] if ending else [])]
        return Answer(json=lines[index].strip().encode("utf-8", "replace"), noise="\n".join(noise)[-NOISE_LIMIT:])
    if isinstance(ran, NotRun):
        return Unanswered(reason=f"{python}: {ran}", crashed=ran.detail if ran.why == "crashed" else "")
    said = (ran.err.strip() or ran.out.strip()).splitlines()
    last = said[-1][:200] if said else "it printed nothing"
    return Unanswered(reason=f"{python}: exit status {ran.code}: {last}")


def _is_object(line: str) -> bool:
    line = line.strip()
    if not (line.startswith("{") and line.endswith("}")):
        return False
    try:
        return isinstance(msgspec.json.decode(line.encode("utf-8", "replace")), dict)
    except (msgspec.DecodeError, RecursionError):
        return False


def _platform() -> Platform:
    names = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
    if sys.platform == "win32":
        import platform as this_platform  # noqa: PLC0415  2 ms that only Windows needs

        return Platform(os="windows", machine=this_platform.machine(), kernel=this_platform.version())
    name = os.uname()
    return Platform(os=names.get(sys.platform, sys.platform), machine=name.machine, kernel=name.release)


def _user() -> User:
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        import platform as this_platform  # noqa: PLC0415  2 ms that only Windows needs

        return User(name=os.environ.get("USERNAME", ""), home=home, host_name=this_platform.node())
    gids = tuple(sorted({os.getgid(), os.getegid(), *os.getgroups()}))
    uid = os.geteuid()
    groups = tuple(_group(gid) for gid in gids)
    return User(uid=uid, gids=gids, groups=groups, name=_owner(uid), home=home, host_name=os.uname().nodename)


def _owner(uid: int) -> str:
    if sys.platform == "win32":
        return str(uid)
    import pwd  # noqa: PLC0415  not on Windows

    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def _group(gid: int) -> str:
    if sys.platform == "win32":
        return str(gid)
    import grp  # noqa: PLC0415  not on Windows

    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return str(gid)


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
