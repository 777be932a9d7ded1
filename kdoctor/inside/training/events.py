"""One JSON object on a line for each thing that happens, on a stream that no library prints to."""

import json
import math
import os
import threading


def finite(value):
    """A number for JSON, which has neither NaN nor infinity: None for those."""
    number = float(value)
    return number if math.isfinite(number) else None


def one_line(text, limit=400):
    """What an error says, on one line of bounded length."""
    return " ".join(str(text).split())[:limit]


class Speaker:
    """Takes what was stdout for itself and sends descriptor 1 to stderr."""

    def __init__(self, only=None):
        """To be made before anything is imported that prints; ``only``: the events that are said, all if None."""
        self.only = only
        self.lock = threading.Lock()
        self.file = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def say(self, event, **fields):
        """Print one event at once."""
        if self.only is not None and event not in self.only:
            return
        fields["event"] = event
        line = json.dumps(fields, allow_nan=False) + "\n"
        with self.lock:
            self.file.write(line)
            self.file.flush()

    def note(self, text):
        """A line for whoever reads stderr."""
        os.write(2, ("kdoctor: %s\n" % one_line(text)).encode("utf-8", "replace"))
