"""The records of what kdoctor changed in place: each a directory with the states and copies of before.

`manifest.json` says what was done and how far it is; `before.json` has the state of everything that could be touched
and the names of the copies in `files/`; `after.json` what became of it, once it is done. A state is written before
what it announces is begun, and a record that says "saving" announces nothing: then nothing was changed yet.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from kdoctor.host.lock import Busy, take
from kdoctor.host.lock import Record as Holder
from kdoctor.host.owner import Owner, this_owner
from kdoctor.host.rename import remove_tree, write_file
from kdoctor.host.states import State
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = 1
CHANGING = Busy("change-busy", "an environment is being changed")
Stage = Literal["saving", "changing", "done", "undoing", "undone"]
_MANIFEST = "manifest.json"
_LIMIT = 256 << 20
_Read = TypeVar("_Read")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``id``: a number; ``roots``: directories in which anything may have come or gone; ``names``: distributions."""

    schema: int
    id: str
    rule: str
    title: str
    stage: Stage
    owner: Owner
    roots: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """``saved``: path to the name of its copy in the record."""

    states: dict[str, State]
    saved: dict[str, str]


class Record:
    """One record on the disk; ``manifest`` is what it says now."""

    def __init__(self, folder: str, manifest: Manifest) -> None:
        """Take a record that is there."""
        self.folder = folder
        self.manifest = manifest

    def say(self, stage: Stage) -> None:
        """Write the next stage."""
        self.manifest = msgspec.structs.replace(self.manifest, stage=stage)
        self.write(_MANIFEST, self.manifest)

    def write(self, name: str, value: object) -> None:
        """A document of the record, whole or not at all."""
        write_file(os.path.join(self.folder, name), msgspec.json.encode(value), 0o600)

    @property
    def before(self) -> Before:
        """What was there; raises Trouble where it cannot be read."""
        return _read(os.path.join(self.folder, "before.json"), Before)

    @property
    def after(self) -> dict[str, State] | None:
        """What became of it, None where it was never finished."""
        path = os.path.join(self.folder, "after.json")
        return _read(path, dict[str, State]) if os.path.lexists(path) else None

    def copy_of(self, name: str) -> str:
        """The path of a saved copy."""
        return os.path.join(self.folder, "files", name)

    def forget_copies(self) -> None:
        """Keep only the manifest: everything is back."""
        for name in ("files", "before.json", "after.json"):
            if os.path.lexists(os.path.join(self.folder, name)):
                remove_tree(os.path.join(self.folder, name))

    def discard(self) -> None:
        """Remove the record, its manifest last."""
        self.forget_copies()
        remove_tree(self.folder)


def _read(path: str, kind: type[_Read]) -> _Read:
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(_LIMIT), type=kind)
    except OSError as error:
        raise Trouble("record-unreadable", f"{path}: {error.strerror or error}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        hint = f"Its saved files are in {os.path.dirname(path)}/files; remove the folder to go on without it."
        raise Trouble("record-broken", f"{path} is damaged: {error}", hint=hint) from error


def records(store: str) -> tuple[Record, ...]:
    """All records, the oldest first. Raises Trouble for one that cannot be read."""
    try:
        names = [name for name in os.listdir(store) if re.fullmatch(r"\d{1,9}", name)]
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Trouble("record-unreadable", f"{store}: {error.strerror or error}") from error
    found = []
    for name in sorted(names, key=int):
        folder = os.path.join(store, name)
        if _is_begun(folder):
            manifest = _read(os.path.join(folder, _MANIFEST), Manifest)
            if manifest.schema > SCHEMA:
                raise Trouble("record-newer", f"{folder} was written by a newer kdoctor", hint="Update kdoctor.")
            found.append(Record(folder, manifest))
    return tuple(found)


def _is_begun(folder: str) -> bool:
    """A kill right after the directory was made leaves nothing in it, or an unfinished manifest."""
    return bool(set(os.listdir(folder)) - {f"{_MANIFEST}.part"})


def new_record(store: str, manifest: Manifest) -> Record:
    """The next record, in the stage "saving"; its number is in its manifest."""
    taken = [int(name) for name in os.listdir(store) if re.fullmatch(r"\d{1,9}", name)]
    identity = str(max(taken, default=0) + 1)
    folder = os.path.join(store, identity)
    os.mkdir(folder, 0o700)
    record = Record(folder, msgspec.structs.replace(manifest, id=identity, owner=this_owner()))
    record.say("saving")
    os.mkdir(os.path.join(folder, "files"), 0o700)
    return record


@contextlib.contextmanager
def locked(store: str, *, wait_s: float, on_wait: Callable[[str], None] | None = None) -> Iterator[int]:
    """One kdoctor at a time changes or undoes; gives the lock's descriptor, for children that may outlive kdoctor."""
    try:
        os.makedirs(store, 0o700, exist_ok=True)
        lock = take(os.path.join(store, "lock"), wait_s=wait_s, on_wait=on_wait, busy=CHANGING)
    except OSError as error:
        message = f"{store} cannot be written: {error.strerror or error}"
        raise Trouble("store-unwritable", message, hint="Set XDG_DATA_HOME to a folder that can.") from error
    try:
        lock.write(Holder(owner=this_owner()))
        yield lock.descriptor
    finally:
        lock.release()
