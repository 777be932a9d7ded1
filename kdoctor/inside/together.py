"""One worker of several that train one model together; says what it measures, an event on a line. Python 3.6 syntax.

Input: one request as JSON on stdin (kdoctor.model.scaling.Asked). Output: one JSON object on a line of stdout for each
event (kdoctor.model.scaling.Event); what libraries print goes to stderr. It is started through tether.py, which has it
killed when kdoctor ends.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import importlib
import json
import os
import threading
import time
import traceback

sys.dont_write_bytecode, WROTE = True, sys.dont_write_bytecode
sys.path.insert(0, SCRIPT_DIRECTORY)
from training import catalogue, events
from workers import circle as circles
from workers import links, rounds  # noqa: F401  imported while the folder can be searched

BACKENDS = {name: importlib.import_module("training.%s_backend" % name) for name in ("tensorflow", "jax", "torch")}
GROUPS = {name: importlib.import_module("workers.%s_group" % name) for name in BACKENDS}
WORKLOADS = catalogue.find()
sys.path.remove(SCRIPT_DIRECTORY)
sys.dont_write_bytecode = WROTE

BEAT_S = 1.0
JOIN_S = 120.0


def surroundings(asked):
    """Set what backends read when they are imported, and keep to this worker's share of the processors."""
    environ, threads = os.environ, str(asked["threads"])
    environ["KERAS_BACKEND"] = asked["backend"]
    environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if asked["device"] == "cpu":
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environ[name] = threads
        if asked["cores"] and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, asked["cores"])
    set_more = getattr(BACKENDS[asked["backend"]], "surroundings", None)
    if set_more is not None:
        set_more(environ, asked["device"])


def beat(speaker):
    """Say for ever that there is life."""
    while True:
        speaker.say("alive")
        time.sleep(BEAT_S)


def work(asked, speaker):
    """Join, train, tell; gives why it could not, "" where it could."""
    circle = circles.Circle(asked, JOIN_S)
    speaker.say("phase", phase="importing")
    group = GROUPS[asked["backend"]].Group(asked, circle, JOIN_S)
    refused = [text for text in circle.all(group.backend.refused if group.backend is not None else "") if text]
    if not refused:
        speaker.say("phase", phase="joining")
        group.join()
        refused = [text for text in circle.all(group.backend.refused) if text]
    if refused:
        return refused[0]
    backend = group.backend
    versions = dict(backend.versions(), python="%d.%d.%d" % sys.version_info[:3])
    speaker.say("ready", versions=versions, device=backend.devices()[0])
    rounds.Worker(group, circle, speaker, asked, WORKLOADS[asked["workload"]]).run()
    circle.all(None)
    circle.close()
    return ""


def main():
    """Whatever happens is an event."""
    speaker = events.Speaker()
    asked = json.load(sys.stdin)
    threading.Thread(target=beat, args=(speaker,), daemon=True).start()
    surroundings(asked)
    try:
        refused = work(asked, speaker)
        if refused:
            speaker.say("failed", kind="refused", detail=refused)
    except circles.Gone as gone:
        speaker.say("failed", kind="left", detail=events.one_line(gone))
    except Exception as error:  # of whatever kind a framework has
        traceback.print_exc()
        speaker.say("failed", kind="error", detail=events.one_line("%s: %s" % (type(error).__name__, error)))
    speaker.say("end")
    sys.stderr.flush()
    os._exit(0)  # frameworks may crash or hang while they are torn down


main()
