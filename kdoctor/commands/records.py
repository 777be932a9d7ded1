"""Where the records of changes in place lie, and what to do with one that was cut off."""

from __future__ import annotations

from collections.abc import Callable

import platformdirs

from kdoctor.host.owner import is_dead_here
from kdoctor.host.restore import changed_since, restore
from kdoctor.host.store import Record, locked, records
from kdoctor.model.trouble import Trouble

Say = Callable[[str], None]
WAIT_S = 1.0
WAIT_FOR_CHILD_S = 120.0


def store_of() -> str:
    """The directory of the records."""
    return f"{platformdirs.user_data_dir('kdoctor')}/undo"


def cut_off(found: tuple[Record, ...]) -> tuple[Record, ...]:
    """Records whose kdoctor has died before it was through."""
    return tuple(
        one for one in found if one.manifest.stage not in ("done", "undone") and is_dead_here(one.manifest.owner)
    )


def wait_for(found: tuple[Record, ...]) -> float:
    """How long to wait for the lock: a killed kdoctor's pip may still run, and holds it until it has ended."""
    return WAIT_FOR_CHILD_S if cut_off(found) else WAIT_S


def warn(say: Say) -> None:
    """Say that something was cut off, without putting it back: for a dry run."""
    for record in cut_off(records(store_of())):
        say(f"a change was cut off; `kdoctor undo` puts back: {record.manifest.title}")


def recover(say: Say) -> tuple[str, ...]:
    """Put back what killed kdoctors left half done; gives the numbers of their records. Raises Trouble."""
    store = store_of()
    found = records(store)
    if not cut_off(found):
        return ()
    with locked(store, wait_s=wait_for(found), on_wait=lambda holder: say(f"waiting for {holder}")):
        left = cut_off(records(store))
        for record in reversed(left):
            say(f"a change was cut off; putting back: {record.manifest.title}")
            put_back(record, force=False)
    return tuple(record.manifest.id for record in left)


def put_back(record: Record, *, force: bool) -> tuple[str, ...]:
    """Undo one record; gives the paths. The lock is held by the caller. Raises Trouble."""
    stage = record.manifest.stage
    if stage == "undone":
        return ()
    if stage == "saving":
        record.discard()
        return ()
    if stage != "undoing" and not force:
        refuse_changed(record)
    try:
        return restore(record)
    except OSError as error:
        message = f"{error.filename}: {error.strerror or error}; not everything is put back yet"
        raise Trouble("not-put-back", message, hint="`kdoctor undo` goes on with it.") from error


def refuse_changed(record: Record) -> None:
    """Raise Trouble where somebody else has changed what would be put back."""
    changed = changed_since(record)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        message = f"{changed[0]}{more} changed after kdoctor changed it; nothing was undone"
        raise Trouble("changed-since", message, hint=f"`kdoctor undo {record.manifest.id} --force` overrules that.")
