"""The standard streams: a place for what is closed, and one line on stderr for every trouble.

Nothing heavy is imported before a trouble is there: every command begins here.
"""

from __future__ import annotations

import os
import sys

from kdoctor.model.trouble import Trouble


def open_streams() -> None:
    """Give closed streams a place to go, and let a stream that cannot show a character escape it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def log_to_stderr(level: str) -> None:
    """Show what the library tells its loggers; raises Trouble for a level that says nothing more."""
    if level != "debug":
        raise Trouble("option-value-unknown", f"KDOCTOR_LOG={level}: expected debug", code=2)
    import logging

    from kdoctor.render.text import visible

    class Line(logging.Formatter):
        """One that nothing read from the machine steers the terminal with."""

        def format(self, record: logging.LogRecord) -> str:
            return visible(super().format(record))

    handler = logging.StreamHandler()
    handler.setFormatter(Line("%(relativeCreated)6d ms  %(name)s: %(message)s"))
    logger = logging.getLogger("kdoctor")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def say(trouble: Trouble) -> int:
    """Print a trouble on stderr."""
    from kdoctor.render.text import visible

    hint = f" {trouble.hint}" if trouble.hint else ""
    sys.stderr.write(f"kdoctor: {visible(trouble.message).removesuffix('.')}.{hint}\n")
    return trouble.code


def interrupted() -> int:
    """The user pressed Ctrl-C."""
    sys.stderr.write("kdoctor: interrupted\n")
    return 130


def crash(error: Exception) -> int:
    """A usage error of the command line, Ctrl-C as Typer tells it, or a bug of ours."""
    from kdoctor.render.text import visible

    if type(error).__name__ == "Abort":
        return interrupted()
    show = getattr(error, "format_message", None)
    if show is not None:
        return usage(str(show()))
    if isinstance(error, OSError):
        sys.stderr.write(f"kdoctor: {visible(str(error))}\n")
        return 3
    if os.environ.get("KDOCTOR_DEBUG"):
        raise error
    kind = type(error).__name__
    sys.stderr.write(
        f"kdoctor: a bug of kdoctor's own: {kind}: {visible(str(error))[:300]}. "
        "Set KDOCTOR_DEBUG=1 for the traceback, and report it.\n"
    )
    return 3


def usage(message: str) -> int:
    """A mistyped command or option."""
    from kdoctor.render.text import visible

    if message:  # none where the help itself was the answer
        sys.stderr.write(f"kdoctor: {visible(message)} Try `kdoctor --help`.\n")
    return 2
