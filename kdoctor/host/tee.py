"""What is written to standard error while something runs: shown as ever, and its end kept.

Frameworks write their messages from C++ straight to descriptor 2, notebooks replace ``sys.stderr`` by a stream of their
own; both ways are listened to. A child that is started meanwhile and lives longer goes on writing through the pipe,
which is read until its last writer has closed it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, TextIO

KEPT_BYTES = 4 << 20
DRAIN_S = 0.5
STDERR = 2


class Heard:
    """The end of what was written so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._kept = bytearray()
        self._lock = threading.Lock()

    def add(self, data: bytes) -> None:
        """Keep it, and forget what came too long ago."""
        with self._lock:
            self._kept += data
            del self._kept[:-KEPT_BYTES]

    def text(self) -> str:
        """As text."""
        with self._lock:
            return self._kept.decode("utf-8", "replace")


class _Stream:
    """A text stream whose writes are kept too; everything else is the stream's own."""

    def __init__(self, stream: TextIO, heard: Heard) -> None:
        self._stream = stream
        self._heard = heard

    def write(self, text: str) -> int:
        self._heard.add(text.encode("utf-8", "replace"))
        return self._stream.write(text)

    def writelines(self, some: list[str]) -> None:
        for text in some:
            self.write(text)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the stream has
        return getattr(self._stream, name)


@contextlib.contextmanager
def listening() -> Iterator[Heard]:
    """Listen while the body runs."""
    heard = Heard()
    with contextlib.ExitStack() as stack:
        if _descriptor(sys.stderr) != STDERR:
            stack.enter_context(contextlib.redirect_stderr(_Stream(sys.stderr, heard)))
        stack.enter_context(_tapped(heard))
        yield heard


def _descriptor(stream: TextIO) -> int:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return -1


@contextlib.contextmanager
def _tapped(heard: Heard) -> Iterator[None]:
    """Put a pipe in the place of descriptor 2; where that is closed there is nothing to hear."""
    try:
        shown = os.dup(STDERR)
    except OSError:
        yield
        return
    source, sink = os.pipe()
    os.dup2(sink, STDERR)
    os.close(sink)
    reader = threading.Thread(target=_pass_on, args=(source, shown, heard), daemon=True)
    reader.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os.dup2(shown, STDERR)
        reader.join(DRAIN_S)


def _pass_on(source: int, shown: int, heard: Heard) -> None:
    """Until the last writer has closed the pipe; both descriptors are this thread's to close."""
    while data := os.read(source, 1 << 16):
        heard.add(data)
        left = memoryview(data)
        with contextlib.suppress(OSError):  # nobody reads it any more: go on, so that no writer is held up
            while left:
                left = left[os.write(shown, left) :]
    os.close(source)
    os.close(shown)
