"""Which packages fulfil the specs on a machine with these virtual packages; where none do, what would.

Everything about the machine is in the question, so a plan can be made for another one. The solving is done by a
child; its memory and its time are bounded.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, Union

import msgspec

from kdoctor.fix.conda import Access, Failed, ask, last_cause, without_credentials
from kdoctor.model.trouble import Trouble

GPU_PACKAGES = ("tensorflow", "tensorflow-base", "jaxlib", "pytorch", "libtorch")
_GPU_BUILD = re.compile(r"cuda|gpu")
_GPU_SPEC = "{} * ^.*(cuda|gpu).*$"
_PLAIN = re.compile(r"[A-Za-z0-9_.!+~-]+\Z")
_NOT_REACHED = {"GatewayError", "FetchRepoDataError", "IoError", "InvalidChannelError", "InvalidUrlError"}


class VirtualPackage(msgspec.Struct, frozen=True):
    """What the machine has, in conda's words: ``__cuda`` 12.6, ``__glibc`` 2.35, ``__archspec`` 1 x86_64_v3."""

    name: str
    version: str
    build: str = "0"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to solve.

    ``gpu``: packages of which only a GPU build will do, if they are in the solution. ``alternatives``: virtual
    package to other versions of it, ascending, that are tried where there is no solution. ``cache``: an absolute
    directory for repodata, made if need be. ``exclude_newer``: nothing uploaded later. ``timeout_s``: for one solve;
    ``network_s``: on top of it, for everything else.
    """

    specs: tuple[str, ...]
    channels: tuple[str, ...]
    subdir: str
    virtual_packages: tuple[VirtualPackage, ...]
    cache: str
    gpu: tuple[str, ...] = ()
    alternatives: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    exclude_newer: dt.datetime | None = None
    strict_priority: bool = True
    offline: bool = False
    timeout_s: float = 120.0
    network_s: float = 300.0
    retries: int = 3
    memory_bytes: int = 4 << 30
    access: Access = Access()


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a solution; ``record`` is its line of the repodata, as JSON text, for who installs it."""

    name: str
    version: str
    build: str
    subdir: str
    channel: str
    url: str
    file_name: str
    size: int
    sha256: str
    md5: str = ""
    record: str

    def __str__(self) -> str:
        """``tensorflow 2.19.0 cuda129py311h1_200``."""
        return f"{self.name} {self.version} {self.build}"


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """What fulfils the question, sorted by name."""

    question: Question
    packages: tuple[Package, ...]

    @property
    def total_bytes(self) -> int:
        """What has to be downloaded where nothing is in the cache."""
        return sum(package.size for package in self.packages)


class Relaxation(msgspec.Struct, frozen=True, kw_only=True):
    """One change that would make it work. ``now`` "": without it. ``gives``: what the specs' names become."""

    kind: Literal["virtual", "spec", "exclude-newer", "channel-priority"]
    subject: str
    was: str
    now: str
    gives: tuple[str, ...]

    def __str__(self) -> str:
        """What would work, e.g. ``with __cuda 12.9 instead of 11.2: tensorflow 2.19.0 cuda129py311h1_200``."""
        change = {
            "virtual": f"with {self.subject} {self.now} instead of {self.was or 'none'}",
            "spec": f"with `{self.now}` instead of `{self.was}`" if self.now else f"without `{self.was}`",
            "exclude-newer": f"with packages newer than {self.was}",
            "channel-priority": "with packages of every channel, not only of the first that has them",
        }[self.kind]
        return f"{change}: {', '.join(self.gives)}" if self.gives else change


class NoSolution(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing fulfils the question. ``cpu_builds``: what would have been taken if a CPU build had been enough."""

    text: str
    relaxations: tuple[Relaxation, ...] = ()
    cpu_builds: tuple[str, ...] = ()


class Unreachable(msgspec.Struct, frozen=True, kw_only=True):
    """A channel could not be read."""

    channel: str
    why: str


Solved: TypeAlias = Union[Solution, NoSolution, Unreachable]  # noqa: UP007  an alias on Python 3.10


def solve(question: Question) -> Solved:
    """Solve; raises Trouble for a spec that is none, and where the solver could not do its work."""
    if not question.specs or not question.channels:
        raise Trouble("conda-nothing-asked", "there are no specs or no channels to solve", code=2)
    answer = ask("conda_solver", _request(question), question.access, timeout_s=question.timeout_s + question.network_s)
    if isinstance(answer, Failed):
        return _failed(question, answer)
    if answer["state"] == "solved":
        return _solution(question, answer)
    text = without_credentials(answer["text"]).strip().removeprefix("Cannot solve the request because of: ")
    cpu = tuple(str(package) for package in _packages(answer["without_gpu"]) if not is_gpu_build(package))
    return NoSolution(
        text=text, relaxations=msgspec.convert(answer["relaxations"], tuple[Relaxation, ...]), cpu_builds=cpu
    )


def is_gpu_build(package: Package) -> bool:
    """Whether the build string says so, in the forms of conda-forge, defaults and pytorch."""
    return bool(_GPU_BUILD.search(package.build))


def _request(question: Question) -> dict[str, Any]:
    newer = question.exclude_newer
    return {
        "specs": question.specs,
        "channels": question.channels,
        "subdir": question.subdir,
        "virtual_packages": [(one.name, one.version, one.build) for one in question.virtual_packages],
        "cache": question.cache,
        "gpu": question.gpu,
        "constraints": [_GPU_SPEC.format(name) for name in question.gpu],
        "alternatives": dict(question.alternatives),
        "exclude_newer": newer.timestamp() if newer else None,
        "exclude_newer_text": newer.isoformat() if newer else "",
        "strict": question.strict_priority,
        "offline": question.offline,
        "timeout_s": question.timeout_s,
        "retries": question.retries,
        "memory_bytes": question.memory_bytes,
    }


def _packages(rows: object) -> tuple[Package, ...]:
    """What the channel says of its packages is not to be trusted: it becomes names of files."""
    packages = msgspec.convert(rows, tuple[Package, ...])
    for package in packages:
        for part in (package.name, package.version, package.build, package.file_name):
            if not _PLAIN.match(part) or part.startswith("."):
                raise Trouble("conda-record-odd", f"{package.channel} has a package with an odd name: {part!a}")
        site = msgspec.json.decode(package.record).get("python_site_packages_path") or ""
        if site.startswith("/") or ".." in site.split("/"):
            raise Trouble("conda-record-odd", f"{package.file_name} puts Python's packages into {site!a}")
    return tuple(sorted(packages, key=lambda package: package.name))


def _solution(question: Question, answer: dict[str, Any]) -> Solution | NoSolution:
    packages = _packages(answer["packages"])
    wrong = tuple(str(one) for one in packages if one.name in question.gpu and not is_gpu_build(one))
    if wrong:
        return NoSolution(text="only CPU builds fulfil this", cpu_builds=wrong)
    bare = [package.file_name for package in packages if not (package.sha256 or package.md5)]
    if bare:
        raise Trouble("conda-no-hash", f"the channel has no hash for {', '.join(bare)}; it could be anything")
    return Solution(question=question, packages=packages)


def _failed(question: Question, failed: Failed) -> Unreachable:
    if failed.kind in ("InvalidMatchSpecError", "InvalidPackageNameError", "InvalidVersionError"):
        raise Trouble("conda-spec-invalid", f"this is no conda spec: {failed.text}", code=2)
    if failed.kind == "TimeLimit":
        hint = "Ask for fewer packages or narrower versions, or give it more time."
        raise Trouble("solve-too-slow", f"no solution was found within {question.timeout_s:g} s", hint=hint)
    if failed.kind not in _NOT_REACHED:
        raise Trouble("conda-failed", f"the solver failed: {failed.kind}: {failed.text}")
    plain = [without_credentials(channel).rstrip("/") for channel in question.channels]
    named = next((channel for channel in plain if channel in failed.text), plain[0] if len(plain) == 1 else "")
    return Unreachable(channel=named or ", ".join(plain), why=why_not_reached(failed.text, offline=question.offline))


def why_not_reached(text: str, *, offline: bool = False) -> str:
    """The reason in a line, from py-rattler's words."""
    if offline:
        return f"it is not in the cache, and kdoctor is told to stay offline ({last_cause(text)})"
    status = re.search(r"\b(401|403|404|407|429|5\d\d) [A-Z][A-Za-z ]+", text)
    return status[0].strip() if status else last_cause(text)
