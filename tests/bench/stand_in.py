"""Children that say what a test wants instead of training: real processes, with the real protocol."""

from __future__ import annotations

import sys
from pathlib import Path

from kdoctor.host.live import LiveHost

HEAD = """#!{python} -u
import json, os, sys, time
request = json.load(sys.stdin)
cells = request["cells"]
def say(event, **more):
    print(json.dumps(dict(more, event=event)), flush=True)
def ready(*devices):
    say("ready", versions={{"keras": "3.15.1"}}, devices=list(devices) or ["CPU:0"], import_s=0.1)
def chunks(cell, count=25, seconds=0.01):
    say("phase", cell=cell, phase="measuring")
    for index in range(count):
        took = seconds * (1 + 0.001 * (index % 3))
        say("chunk", cell=cell, steps=10, seconds=took, cpu_s=took, loss=1.0 / (index + 1))
def done(cell, **more):
    say("done", cell=cell, **dict({{"status": "ok", "batch_size": 64, "steps": 250, "loss": 0.01, "accuracy": 1.0,
        "first_losses": [1.0, 0.5, 0.2], "data": "made up"}}, **more))
"""


def host(folder: Path, body: str) -> LiveHost:
    """A machine whose examined interpreter runs ``body`` whatever script it is given."""
    path = folder / "python"
    path.write_text(HEAD.format(python=sys.executable) + body, encoding="utf-8")
    path.chmod(0o755)
    return LiveHost(examined=str(path))
