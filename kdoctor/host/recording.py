"""What a recorder kept, as a folder of files and a document, with everything personal replaced.

Links are followed here, once more, to learn the real place of every path; each link on the way is written as a link
that stays below ``root/``. Files that were read are written as they were read; of libraries the headers go to the
document; whatever else exists is a name in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from kdoctor.host import Asked, FileStat, Unreadable, User
from kdoctor.host.elf import Elf
from kdoctor.host.essence import essence
from kdoctor.host.machine import BY_RECORDER, ROOT, RecordedCommand, RecordedProcess, machine_as_json
from kdoctor.host.shape import Shape, relative
from kdoctor.model.redact import Redactor, clean, each_text
from kdoctor.model.trouble import Trouble

_LARGEST_FILE = 16 << 20
_PERSONAL_BINARY = Unreadable("", "broken", "not recorded: a binary file with personal values")
_TOO_LARGE = Unreadable("", "too-large", "not recorded: too large")


class Kept(msgspec.Struct, kw_only=True):
    """Everything that was asked, by path as it was asked.

    ``reached``: what a path is, None where it was only followed. ``refused``: why a file or directory gave nothing.
    """

    contents: dict[str, bytes] = msgspec.field(default_factory=dict)
    listed: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    reached: dict[str, FileStat | Unreadable | None] = msgspec.field(default_factory=dict)
    refused: dict[str, Unreadable] = msgspec.field(default_factory=dict)
    elves: dict[str, Elf | Unreadable] = msgspec.field(default_factory=dict)
    commands: dict[str, RecordedCommand] = msgspec.field(default_factory=dict)
    asked: dict[str, Asked] = msgspec.field(default_factory=dict)
    processes: dict[str, RecordedProcess] = msgspec.field(default_factory=dict)

    def copy(self) -> Kept:
        """The same, unchanged by probes that are still running."""
        return Kept(**{name: dict(getattr(self, name)) for name in self.__struct_fields__})

    def keep_bytes(self, path: str, offset: int, data: bytes) -> None:
        """Keep a part of a file; what lies before it and was not read is filled with zeros."""
        if offset + len(data) > _LARGEST_FILE:
            self.refused[path] = _TOO_LARGE
            return
        known = self.contents.get(path, b"")
        self.contents[path] = known[:offset].ljust(offset, b"\0") + data + known[offset + len(data) :]


def refuse_folder(folder: str) -> None:
    """Raise Trouble where a recording cannot be written to the folder."""
    path = Path(folder)
    try:
        if path.is_dir():
            if next(path.iterdir(), None) is not None:
                reference = "record-folder-not-empty"
                raise Trouble(reference, f"--record {folder}: is not empty", hint="Name a new folder.")
        elif path.exists() or path.is_symlink():
            reference = "record-not-a-folder"
            raise Trouble(reference, f"--record {folder}: is not a directory", hint="Name a new folder.", code=2)
        elif not path.absolute().parent.is_dir():
            reference = "record-parent-missing"
            raise Trouble(reference, f"--record {folder}: {path.absolute().parent} is not a directory", code=2)
    except (OSError, ValueError) as error:
        raise _trouble(folder, error) from error


def _trouble(folder: str, error: OSError | ValueError) -> Trouble:
    return Trouble("record-not-writable", f"--record {folder}: {getattr(error, 'strerror', '') or error}")


def write_recording(folder: str, kept: Kept, machine: Mapping[str, object], user: User) -> None:
    """Write ``root/``, then the document, which alone makes the folder a recorded machine. Raises Trouble."""
    redactor = Redactor(user_name=user.name, host_name=user.host_name)

    def hide(text: str) -> str:
        return redactor.text(clean(text))

    shape = _shape_of(kept)
    try:
        root = Path(folder) / ROOT
        root.mkdir(parents=True, exist_ok=True)
        for path, data in sorted(shape.contents.items()):
            written = _redacted(essence(path, data), redactor)
            if written is None:
                shape.refuse(path, _PERSONAL_BINARY)
            else:
                _place(root, hide(path)).write_bytes(written)
        for path, target in sorted(shape.links.items()):
            _place(root, hide(path)).symlink_to(relative(hide(path), hide(target)))
        document = {**machine, **shape.document(), "recorded": time.strftime("%Y-%m-%d")}
        plain = _without_person(_redacted_answers(each_text(document, hide), hide))
        (Path(folder) / BY_RECORDER).write_bytes(machine_as_json(plain))
    except (OSError, ValueError) as error:
        raise _trouble(folder, error) from error


def _shape_of(kept: Kept) -> Shape:
    shape = Shape()
    for path, reached in kept.reached.items():
        shape.take(path, reached)
    for path, refused in kept.refused.items():
        shape.take(path, refused)
        shape.refuse(path, refused)
    for path, elf in kept.elves.items():
        shape.take_elf(path, elf)
    for directory, names in kept.listed.items():
        shape.take_names(directory, names)
    for path, data in kept.contents.items():
        shape.take_contents(path, data)
    return shape


def _place(root: Path, path: str) -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def _redacted(data: bytes, redactor: Redactor) -> bytes | None:
    """The bytes without personal values; None where taking them out would move what a binary file points to."""
    before = data.decode("utf-8", "surrogateescape")
    after = redactor.text(before)
    if after == before:
        return data
    return None if b"\0" in data else after.encode("utf-8", "surrogateescape")


def _redacted_answers(document: dict[str, Any], hide: Callable[[str], str]) -> dict[str, Any]:
    """The document with answers redacted inside their JSON texts, whose escapes would hide a name."""
    return {**document, "answers": {key: _redacted_json(text, hide) for key, text in document["answers"].items()}}


def _redacted_json(text: str, hide: Callable[[str], str]) -> str:
    try:
        return msgspec.json.encode(each_text(msgspec.json.decode(text), hide)).decode()
    except (msgspec.DecodeError, RecursionError):
        return text


def _without_person(document: dict[str, Any]) -> dict[str, Any]:
    """The document with no name and home of its user; root is nobody."""
    if document["user"]["uid"] == 0:
        return {**document, "user": {**document["user"], "host_name": ""}}
    home = document["user"]["home"] if document["user"]["home"].startswith("/home/") else "/home/user"
    return {**document, "user": {**document["user"], "name": "user", "home": home, "host_name": ""}}
