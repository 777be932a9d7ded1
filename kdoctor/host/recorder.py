"""A live machine that keeps what was read, and writes it as a folder that ``--sysroot`` reads.

Probes run in threads, so that everything kept is behind one lock. What no probe asked for is not kept, except the
names in directories that were listed; a path that was asked for and is not there stays absent, because the recorded
machine is a closed world. ``kdoctor.host.recording`` turns what was kept into files, redacted.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from kdoctor.host import (
    TEXT_LIMIT,
    Answer,
    Asked,
    FileStat,
    NotRun,
    Process,
    Ran,
    Runner,
    Unanswered,
    Unreadable,
)
from kdoctor.host.live import LiveHost
from kdoctor.host.machine import RecordedCommand, RecordedProcess, question_key
from kdoctor.host.recording import Kept, refuse_folder, write_recording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdoctor.host.elf import Elf


class Recorder(LiveHost):
    """A LiveHost that keeps what it gave. ``variables``: the only part of the environment that is written."""

    def __init__(self, host: LiveHost, folder: str, *, variables: Mapping[str, str]) -> None:
        """Go on from a LiveHost; raises Trouble for a folder that cannot be written to or holds something."""
        super().__init__(examined=host.examined, environ=host.environ)
        self.platform, self.user, self.cwd = host.platform, host.user, host.cwd
        refuse_folder(folder)
        self._folder = folder
        self._variables = dict(variables)
        self._lock = threading.Lock()
        self._kept = Kept()

    def read_bytes(self, path: str, *, offset: int = 0, limit: int = TEXT_LIMIT) -> bytes | Unreadable:
        """Keep the bytes; of two reads of the same place the longer one."""
        found = super().read_bytes(path, offset=offset, limit=limit)
        with self._lock:
            if isinstance(found, Unreadable):
                self._kept.refused.setdefault(path, found)
            else:
                self._kept.keep_bytes(path, offset, found)
        return found

    def list(self, directory: str) -> tuple[str, ...] | Unreadable:
        """Keep the names."""
        found = super().list(directory)
        with self._lock:
            if isinstance(found, Unreadable):
                self._kept.refused.setdefault(directory, found)
            else:
                self._kept.listed[directory] = found
        return found

    def resolve(self, path: str) -> str | Unreadable:
        """Keep that the path was followed: its links are read when the recording is written."""
        found = super().resolve(path)
        with self._lock:
            self._kept.reached.setdefault(path, found if isinstance(found, Unreadable) else None)
        return found

    def stat(self, path: str, *, follow: bool = True) -> FileStat | Unreadable:
        """Keep what the path is; of a link itself, that it was asked for."""
        found = super().stat(path, follow=follow)
        with self._lock:
            is_link = isinstance(found, FileStat) and found.kind == "link"
            if follow or not is_link:
                self._kept.reached[path] = found
            else:
                self._kept.reached.setdefault(path, None)
        return found

    def elf(self, path: str) -> Elf | Unreadable:
        """Keep the headers, which stand for the library."""
        found = super().elf(path)
        with self._lock:
            self._kept.elves[path] = found
        return found

    def run(self, argv: tuple[str, ...], timeout_s: float) -> Ran | NotRun:
        """Keep the result."""
        ran = super().run(argv, timeout_s)
        if isinstance(ran, Ran):
            recorded = RecordedCommand(code=ran.code, out=ran.out, err=ran.err, truncated=ran.truncated)
        else:
            recorded = RecordedCommand(out=ran.out, err=ran.err, why=ran.why, detail=ran.detail)
        with self._lock:
            self._kept.commands[" ".join(argv)] = recorded
        return ran

    def ask(
        self, question: str, *, runner: Runner, timeout_s: float, environ: Mapping[str, str] | None = None
    ) -> Asked:
        """Keep the answer."""
        asked = super().ask(question, runner=runner, timeout_s=timeout_s, environ=environ)
        with self._lock:
            self._kept.asked[question_key(question, runner, environ)] = asked
        return asked

    def process(self, pid: int) -> Process | None:
        """Keep who it was."""
        found = super().process(pid)
        if found is not None:
            with self._lock:
                self._kept.processes[str(pid)] = RecordedProcess(name=found.name, user=found.user)
        return found

    def write(self, interpreter: str) -> None:
        """Write the folder; raises Trouble where that fails. A probe that is late is not waited for."""
        with self._lock:
            kept = self._kept.copy()
        write_recording(self._folder, kept, self._machine(interpreter, kept), self.user)

    def _machine(self, interpreter: str, kept: Kept) -> dict[str, object]:
        """What the document says apart from paths."""
        answered = {key: asked for key, asked in kept.asked.items() if isinstance(asked, Answer)}
        silent = {key: asked for key, asked in kept.asked.items() if isinstance(asked, Unanswered)}
        return {
            "platform": msgspec.to_builtins(self.platform),
            "user": msgspec.to_builtins(self.user),
            "cwd": self.cwd,
            "interpreter": interpreter,
            "environ": self._variables,
            "answers": {key: asked.json.decode("utf-8", "replace") for key, asked in answered.items()},
            "noise": {key: asked.noise for key, asked in answered.items() if asked.noise},
            "unanswered": {key: asked.reason for key, asked in silent.items()},
            "crashed": {key: asked.crashed for key, asked in silent.items() if asked.crashed},
            "commands": msgspec.to_builtins(kept.commands),
            "processes": msgspec.to_builtins(kept.processes),
        }
