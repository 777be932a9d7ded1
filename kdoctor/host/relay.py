"""Pass a stream on as it comes, and keep its first and last bytes.

A thread for each stream: where one reader waits, the others go on. Bytes are neither decoded nor held back.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import sys
import threading

HEAD, TAIL = 256 << 10, 1 << 20
_CHUNK = 256 << 10
_QUIET_S = 0.05
_AFTER_END = 8 << 20


class Kept:
    """The beginning and the end of what went by, in bounded memory."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.head = bytearray()
        self.tail = bytearray()
        self.lost = False

    def add(self, data: bytes) -> None:
        """What came next."""
        room = HEAD - len(self.head)
        if room > 0:
            self.head += data[:room]
            data = data[room:]
        self.tail += data
        if len(self.tail) > 2 * TAIL:  # a copy for each TAIL that went by, not for each piece
            del self.tail[:-TAIL]
            self.lost = True

    def parts(self) -> tuple[bytes, ...]:
        """The whole in one piece, or the beginning and the end where something between them is gone."""
        if not self.lost and len(self.tail) <= TAIL:
            whole = bytes(self.head + self.tail)
            return (whole,) if whole else ()
        return bytes(self.head), bytes(self.tail[-TAIL:])

    def in_line(self) -> bool:
        """Whether the last line has no end yet."""
        last = self.tail[-1:] or self.head[-1:]
        return bool(last) and last != b"\n"


class Relay(threading.Thread):
    """Reads ``source`` to its end and writes it to ``target``.

    ``ended``: a descriptor that becomes readable when the command has ended: what is there then is passed on, and a
    process that it left behind with the other end is not waited for. ``failed`` is why ``target`` took no more, None
    where it took all or its reader went away.
    """

    def __init__(self, name: str, source: int, target: int, ended: int) -> None:
        """``source`` is closed in the end."""
        super().__init__(daemon=True)
        self.stream, self.source, self.target, self.ended = name, source, target, ended
        self.kept = Kept()
        self.failed: OSError | None = None

    def run(self) -> None:
        """Until the end; what the source cannot say is its end too, as with a terminal that nobody holds any more."""
        with contextlib.suppress(OSError):
            self._pass_on()
        os.close(self.source)  # whoever still writes is told so as by any other reader that went away

    def _pass_on(self) -> None:
        waiting = _Waiting(self.source, self.ended)
        left = _AFTER_END
        while left > 0:
            try:
                data = os.read(self.source, _CHUNK)
            except BlockingIOError:
                if waiting.is_over():
                    return
                continue
            if not data:
                return
            self.kept.add(data)
            try:
                write_all(self.target, data)
            except BrokenPipeError:
                return
            except OSError as error:
                self.failed = error
                return
            left -= len(data) if waiting.ended else 0


class _Waiting:
    """Waits for a source that has nothing at the moment."""

    def __init__(self, source: int, ended: int) -> None:
        self.selector = selectors.DefaultSelector()
        self.ended = False
        if sys.platform != "win32":  # there a read of a pipe waits by itself
            os.set_blocking(source, False)
            self.selector.register(source, selectors.EVENT_READ)
            self.selector.register(ended, selectors.EVENT_READ)
            self.end = ended

    def is_over(self) -> bool:
        """Wait until more came; whether nothing more will, as the command has ended."""
        ready = {key.fd for key, _ in self.selector.select(_QUIET_S if self.ended else None)}
        if self.end in ready:
            self.selector.unregister(self.end)
            self.ended = True
            return False
        return not ready


def write_all(target: int, data: bytes) -> None:
    """All of it, also to a target that others made non-blocking."""
    rest = memoryview(data)
    while rest:
        rest = rest[_write(target, rest) :]


def _write(target: int, data: memoryview) -> int:
    try:
        return os.write(target, data)
    except BlockingIOError:
        with selectors.DefaultSelector() as selector:
            selector.register(target, selectors.EVENT_WRITE)
            selector.select()
        return 0
