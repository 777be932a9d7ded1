"""What a killed start left is put right by the next: under the lock of its target, and nothing else is touched.

Beside the target lie the lock and the staging directories, all named `.NAME.kdoctor-...`; a marker in each staging
directory names its owner. Only what belongs to this target and to a dead process of this host is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Literal

import msgspec

from kdoctor.host.lock import Lock, Record, take
from kdoctor.host.owner import Owner, is_dead_here
from kdoctor.host.place import missing
from kdoctor.host.rename import remove_tree, sync_directory
from kdoctor.model.trouble import Trouble

MARKER = "kdoctor-staging.json"
_LONGEST_NAME = 200


State = Literal["making", "swapping", "outside"]


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a staging directory.

    ``swapping``: the old target may lie in `old`, and has to go back. ``outside``: another program writes the target
    itself, which is not complete yet.
    """

    owner: Owner
    target: str
    state: State = "making"


@contextlib.contextmanager
def locked(target: str, wait_s: float, on_wait: Callable[[str], None] | None) -> Iterator[tuple[Lock, tuple[str, ...]]]:
    """The lock of the target, what a killed start left removed, and the parents that had to be made for it."""
    parents = missing(os.path.dirname(target))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    lock = take(f"{stem(target)}lock", wait_s=wait_s, on_wait=on_wait)
    clean = False
    try:
        before = lock.before
        clean = recover(target, before)
        parents = tuple(dict.fromkeys((*parents, *(before.parents if before and clean else ()))))
        yield lock, parents
    finally:
        if clean:
            lock.release()
        else:
            lock.let_go()
        for parent in parents if not os.path.lexists(target) else ():
            with contextlib.suppress(OSError):  # no longer empty, so not ours to remove
                os.rmdir(parent)


def stem(target: str) -> str:
    """The beginning of every name that kdoctor uses beside a target."""
    name = os.path.basename(target)
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = sha256(os.fsencode(name)).hexdigest()[:16]
    return os.path.join(os.path.dirname(target), f".{name}.kdoctor-")


def recover(target: str, before: Record | None) -> bool:
    """Remove what dead kdoctors of this host left of this target; its lock is held. False where something stays."""
    parent, start = os.path.split(stem(target))
    pattern = re.compile(re.escape(start) + r"[0-9a-f]{8}\Z")
    stays = before is not None and not is_dead_here(before.owner) and bool(before.staging)
    for name in sorted(os.listdir(parent)):
        if pattern.match(name):
            stays |= not _recover_one(os.path.join(parent, name), target, before)
    return not stays


def _recover_one(staging: str, target: str, before: Record | None) -> bool:
    marker = _marker(staging)
    recorded = before is not None and before.staging == os.path.basename(staging) and is_dead_here(before.owner)
    if marker is None:
        bare = recorded and set(os.listdir(staging)) <= {f"{MARKER}.part"}
        if bare:
            remove_tree(staging)
        return bare
    if marker.target != target or not is_dead_here(marker.owner):
        return False
    put_back(staging, target)
    remove_staging(staging)
    return True


def put_back(staging: str, target: str) -> None:
    """The target as it was: what another program left unfinished goes, and an old one that was set aside comes back.

    Raises OSError rather than have an old target removed.
    """
    marker = _marker(staging)
    if marker is not None and marker.state == "outside" and os.path.lexists(target):
        remove_tree(target)
    old = os.path.join(staging, "old")
    if os.path.isdir(old) and not os.path.lexists(target):
        os.rename(old, target)
        sync_directory(os.path.dirname(target))


def _marker(staging: str) -> Marker | None:
    try:
        with open(os.path.join(staging, MARKER), "rb") as file:
            return msgspec.json.decode(file.read(1 << 16), type=Marker)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def remove_staging(staging: str) -> None:
    """Remove a staging directory, its marker last, so that a kill on the way leaves it recognisable."""
    if not os.path.isdir(staging):
        return
    for name in os.listdir(staging):
        if name != MARKER:
            remove_tree(os.path.join(staging, name))
    remove_tree(os.path.join(staging, MARKER))
    os.rmdir(staging)


def tidy(target: str) -> bool:
    """Remove what a killed start left of this target; whether nothing is left of it, not even the target."""
    if _left(target):
        with contextlib.suppress(Trouble, OSError), locked(target, 0.0, None):  # busy, or not ours to write in
            pass
    return not (os.path.lexists(target) or _left(target))


def _left(target: str) -> bool:
    """Whether anything of kdoctor's lies beside the target."""
    parent, start = os.path.split(stem(target))
    try:
        return any(name.startswith(start) for name in os.listdir(parent))
    except OSError:
        return False
