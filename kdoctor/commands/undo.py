"""`kdoctor undo`: put back what a change in place touched, the latest first."""

from __future__ import annotations

import msgspec

from kdoctor.commands.records import Say, put_back, refuse_changed, store_of, wait_for
from kdoctor.host.restore import touched
from kdoctor.host.store import Record, Stage, locked, records
from kdoctor.model.trouble import Trouble

SCHEMA = 1


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One record; ``since`` as ``2026-11-21 20:15:03 UTC``."""

    id: str
    rule: str
    title: str
    stage: Stage
    since: str


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor undo --list --format json`, the oldest first."""

    schema: int
    records: tuple[Row, ...]


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor undo --format json`; ``record`` is null where there was nothing to undo.

    ``paths``: the files and links that are, or with ``done`` false would be, put back or removed.
    """

    schema: int
    record: Row | None
    paths: tuple[str, ...] = ()
    done: bool = False


def row_of(record: Record) -> Row:
    """What a record says of itself."""
    made = record.manifest
    return Row(id=made.id, rule=made.rule, title=made.title, stage=made.stage, since=made.owner.since)


def listed() -> Listed:
    """All records. Raises Trouble."""
    return Listed(schema=SCHEMA, records=tuple(row_of(record) for record in records(store_of())))


def chosen(identity: str) -> Record | None:
    """The record of that number, or the latest that is not undone; None where there is none. Raises Trouble."""
    found = records(store_of())
    if not identity:
        return next((record for record in reversed(found) if record.manifest.stage != "undone"), None)
    record = next((record for record in found if record.manifest.id == identity), None)
    if record is None:
        hint = "`kdoctor undo --list` shows all."
        raise Trouble("record-unknown", f"there is no record {identity!r}", hint=hint, code=2)
    return record


def planned(record: Record | None, *, force: bool) -> Undone:
    """What would be put back; writes nothing. Raises Trouble where it is refused."""
    if record is None or record.manifest.stage == "undone":
        return Undone(schema=SCHEMA, record=row_of(record) if record else None)
    if record.manifest.stage == "saving":
        return Undone(schema=SCHEMA, record=row_of(record))
    if not force and record.manifest.stage != "undoing":
        refuse_changed(record)
    paths = tuple(sorted(path for path, state in touched(record).items() if state.kind != "directory"))
    return Undone(schema=SCHEMA, record=row_of(record), paths=paths)


def carry_out(record: Record, *, force: bool, say: Say) -> Undone:
    """Put it back. Raises Trouble."""
    store = store_of()
    wait_s = wait_for((record,))
    with locked(store, wait_s=wait_s, on_wait=lambda holder: say(f"waiting for {holder}")):
        fresh = chosen(record.manifest.id)
        paths = put_back(fresh, force=force) if fresh else ()
    row = msgspec.structs.replace(row_of(record), stage="undone")
    return Undone(schema=SCHEMA, record=row, paths=paths, done=True)
