"""Whether an environment may be made at a path, judged before anything is touched.

Reads only: a dry run asks the same questions. Every refusal is one Trouble that says what stands there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORD = "kdoctor-environment.json"  # in every environment that kdoctor made
_SIGNS = ("conda-meta", "pyvenv.cfg", RECORD)
_LONGEST = 254  # bytes of the placeholder in conda packages, which the prefix replaces
_MEBI = 1 << 20


def refuse(target: str, *, replace: bool, need_bytes: int = 0) -> None:
    """Raise Trouble where no environment can or may be made at ``target``, an absolute path."""
    _refuse_name(target)
    _refuse_taken(target, replace=replace)
    refuse_surroundings(target)
    refuse_full(os.path.dirname(target), need_bytes)


def refuse_surroundings(target: str) -> None:
    """Raise Trouble for what does not depend on whether something stands at ``target`` already."""
    _refuse_name(target)
    _refuse_inside(target)
    _refuse_unwritable(nearest(os.path.dirname(target)))


def nearest(path: str) -> str:
    """The path, or the first directory above it that exists."""
    while not os.path.lexists(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def missing(path: str) -> tuple[str, ...]:
    """The directories that have to be made, the deepest first."""
    there = nearest(path)
    found = []
    while path != there:
        found.append(path)
        path = os.path.dirname(path)
    return tuple(found)


def is_writable(path: str) -> bool:
    """Whether this user may make or fill the directory."""
    there = nearest(path)
    read_only = hasattr(os, "statvfs") and os.statvfs(there).f_flag & os.ST_RDONLY
    return os.path.isdir(there) and not read_only and os.access(there, os.W_OK | os.X_OK)


def is_environment(path: str) -> bool:
    """Whether the directory is a conda environment, a venv or what kdoctor made."""
    return any(os.path.exists(os.path.join(path, sign)) for sign in _SIGNS)


def _refuse_name(target: str) -> None:
    shown = ascii(target)
    if not os.path.isabs(target) or os.path.normpath(target) != target or os.path.dirname(target) == target:
        raise Trouble("prefix-not-a-path", f"{shown} is no absolute path of an environment", code=2)
    try:
        length = len(target.encode())
    except UnicodeEncodeError as error:
        raise Trouble("prefix-not-text", f"{shown} has bytes that are not UTF-8", code=2) from error
    if any(ord(letter) < ord(" ") or letter in '":\x7f' for letter in target):
        hint = "Choose a path without quotes, colons and control characters."
        raise Trouble("prefix-odd-characters", f"activating {shown} would not work", hint=hint, code=2)
    if length > _LONGEST:
        message = f"{target} is {length} bytes long; programs in conda packages have room for {_LONGEST}"
        raise Trouble("prefix-too-long", message, hint="Choose a shorter path.", code=2)


def _refuse_taken(target: str, *, replace: bool) -> None:
    if not os.path.lexists(target):
        return
    if not replace:
        hint = "Choose another name, or replace it with `--replace`."
        raise Trouble("prefix-exists", f"{target} exists; kdoctor does not touch it", hint=hint)
    if os.path.islink(target) or not os.path.isdir(target):
        raise Trouble("prefix-no-directory", f"{target} is a link or no directory; only a directory is replaced")
    if not is_environment(target) and os.listdir(target):
        raise Trouble("prefix-no-environment", f"{target} is not an environment; only an environment is replaced")
    if os.path.isdir(os.path.join(target, "envs")) or os.path.isdir(os.path.join(target, "condabin")):
        raise Trouble("prefix-is-base", f"{target} is a base installation of conda; it is not replaced")
    if any(_same(target, own) for own in (sys.prefix, sys.base_prefix)):
        raise Trouble("prefix-is-own", f"kdoctor runs from {target}; it does not replace itself")


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _refuse_inside(target: str) -> None:
    """`<base>/envs/<name>` is where conda itself puts environments."""
    for above in _above(os.path.realpath(os.path.dirname(target))):
        if is_environment(above) and os.path.realpath(os.path.dirname(target)) != os.path.join(above, "envs"):
            message = f"{target} is inside another environment, {above}"
            raise Trouble("prefix-inside-environment", message, hint="Choose a path outside it.")


def _above(path: str) -> Iterator[str]:
    while True:
        yield path
        if os.path.dirname(path) == path:
            return
        path = os.path.dirname(path)


def _refuse_unwritable(parent: str) -> None:
    if not os.path.isdir(parent):
        raise Trouble("prefix-parent-no-directory", f"{parent} is no directory")
    read_only = hasattr(os, "statvfs") and os.statvfs(parent).f_flag & os.ST_RDONLY
    if read_only or not os.access(parent, os.W_OK | os.X_OK):
        why = "its file system is read-only" if read_only else "you have no right to write there"
        hint = "Choose a prefix where you may write, with `--prefix`."
        raise Trouble("prefix-read-only", f"nothing can be made in {parent}: {why}", hint=hint)


def free_bytes(path: str) -> int | None:
    """What is left for this user on the path's file system, None where it does not say."""
    if not hasattr(os, "statvfs"):
        return None
    try:
        found = os.statvfs(nearest(path))
    except OSError:
        return None
    return found.f_bavail * found.f_frsize if found.f_blocks else None


def refuse_full(path: str, need_bytes: int) -> None:
    """Raise Trouble where fewer bytes are free than are needed."""
    free = free_bytes(path)
    if free is not None and free < need_bytes:
        message = f"{path} has {free // _MEBI} MiB free; about {-(-need_bytes // _MEBI)} MiB are needed"
        raise Trouble("disk-too-small", message, hint="Free some space, or choose a prefix on another disk.")


def same_disk(one: str, other: str) -> bool:
    """Whether two paths, which need not exist yet, are on one file system."""
    return os.stat(nearest(one)).st_dev == os.stat(nearest(other)).st_dev
