"""Fill a prefix with the packages of a solution, and leave a lock file in it.

The child downloads, checks every hash, extracts and links; the paths of a package are followed before it is linked.
What goes wrong is one Trouble; the caller's workspace removes what was begun.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from kdoctor.fix.conda import Access, Failed, ask, last_cause, without_credentials
from kdoctor.model.plan import Download
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from kdoctor.fix.solve import Package, Solution
    from kdoctor.host.workspace import Workspace

LOCK_FILE = "kdoctor-lock.txt"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How to install. ``cache``: an absolute directory for packages; ``idle_s``: the longest time without news."""

    cache: str
    offline: bool = False
    retries: int = 3
    timeout_s: float = 6 * 3600.0
    idle_s: float = 300.0
    memory_bytes: int = 4 << 30
    access: Access = Access()


# The first that is found in py-rattler's words: pattern, reference, what to say, what to do.
_CAUSES = (
    (r"No space left|os error 28|quota", "disk-full", "the disk became full", "Free some space and start again."),
    (
        r"[Hh]ash mismatch|hash.*(does not|did not) match|checksum",
        "package-wrong",
        "is not what the channel promised",
        "",
    ),
    (r"\b401\b|\b403\b|\b407\b", "channel-denied", "the server refused it", "Check the credentials of the channel."),
    (r"\b404\b|\b410\b", "package-gone", "the server has it no more", "Solve again: the channel has changed."),
    (r"\b429\b|\b5\d\d\b", "channel-failed", "the server failed", "Try again later; that is the channel's problem."),
    (
        r"EOF|end of file|unexpected end|truncat|incomplete|IncompleteBody",
        "package-truncated",
        "ended too early",
        "Try again.",
    ),
    (r"[Cc]onnect|dns|resolve|timed out|reset", "channel-unreachable", "the server was not reached", "Try again."),
    (r"extract|archive|decompress|bzip2|zstd|zip|tar\b|JSON|json", "package-corrupt", "cannot be unpacked", ""),
)


def install(
    solution: Solution,
    space: Workspace,
    way: Way,
    on_progress: Callable[[Download], None] = lambda _: None,
) -> None:
    """Fill ``space.prefix`` with what will be right at ``space.target``.

    Raises Trouble; outside of the workspace nothing is left but complete packages in the cache.
    """
    answer = ask(
        "conda_installer",
        {
            "packages": [_row(package) for package in solution.packages],
            "prefix": space.prefix,
            "final": space.target,
            "work": space.work,
            "cache": way.cache,
            "subdir": solution.question.subdir,
            "requested": solution.question.specs,
            "offline": way.offline,
            "retries": way.retries,
            "memory_bytes": way.memory_bytes,
        },
        way.access,
        timeout_s=way.timeout_s,
        idle_s=way.idle_s,
        on_event=lambda line: on_progress(msgspec.json.decode(line, type=Download)),
    )
    if isinstance(answer, Failed):
        raise trouble_of(answer)
    space.write(LOCK_FILE, lock_text(solution).encode())


def _row(package: Package) -> dict[str, object]:
    row: dict[str, object] = msgspec.to_builtins(package)
    row["folder"] = f"{package.name}-{package.version}-{package.build}"
    return row


def trouble_of(failed: Failed) -> Trouble:
    """py-rattler's words as ours."""
    which = re.search(r"[\w.+-]+\.(?:conda|tar\.bz2)", failed.text)
    package = failed.package or (which[0] if which else "")
    if failed.kind == "Outside":
        message = f"the package {package} would write outside of the environment: {failed.text!a}"
        return Trouble("package-escapes", message, hint="Do not use the channel it came from.")
    if failed.kind == "BadPackage":
        return Trouble("package-corrupt", f"the package {package} says nothing sensible of its files: {failed.text}")
    if failed.kind == "Offline":
        message = f"not in the cache, and kdoctor is told to stay offline: {failed.text}"
        return Trouble("package-not-cached", message, hint="Leave out `--offline`.")
    for pattern, reference, what, hint in _CAUSES:
        if re.search(pattern, failed.text):
            subject = f"{package}: " if package else ""
            return Trouble(reference, f"{subject}{what} ({last_cause(failed.text)})", hint=hint)
    return Trouble("install-failed", f"{failed.kind}: {failed.text}")


def lock_text(solution: Solution) -> str:
    """An explicit list that conda, mamba and micromamba read: every package by URL and hash, without credentials."""
    head = [
        "# Written by kdoctor: the exact packages of this environment.",
        f"# To make it again: conda create --name NAME --file {LOCK_FILE}",
        f"# platform: {solution.question.subdir}",
        *(f"# asked for: {spec}" for spec in solution.question.specs),
        *(f"# channel: {without_credentials(channel)}" for channel in solution.question.channels),
        "@EXPLICIT",
    ]
    rows = [f"{without_credentials(one.url)}#{_hash(one)}" for one in solution.packages]
    return "\n".join([*head, *rows]) + "\n"


def _hash(package: Package) -> str:
    return f"sha256:{package.sha256}" if package.sha256 else package.md5
