"""Train the cells of one device and say what happens, an event on a line. Python 3.6 syntax.

Input: one request as JSON on stdin (kdoctor.model.bench.Request). Output: one JSON object on a line of stdout for each
event (kdoctor.model.bench.Event); what libraries print goes to stderr. A cell that raises is `done`, failed or oom, and
the next follows. It is started through tether.py, which has it killed when kdoctor ends.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import gc
import importlib
import json
import os
import time
import traceback

sys.dont_write_bytecode, WROTE = True, sys.dont_write_bytecode
sys.path.insert(0, SCRIPT_DIRECTORY)
from training import catalogue, events, memory, peaks, ranks
from training import cell as cells

BACKENDS = {name: importlib.import_module("training.%s_backend" % name) for name in ("tensorflow", "jax", "torch")}
WORKLOADS = catalogue.find()
sys.path.remove(SCRIPT_DIRECTORY)
sys.dont_write_bytecode = WROTE


def surroundings(request):
    """Set what backends read when they are imported."""
    environ = os.environ
    environ["KERAS_BACKEND"] = request["backend"]
    environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    set_more = getattr(BACKENDS[request["backend"]], "surroundings", None)
    if set_more is not None:
        set_more(environ, request["device"])


def begin(request, speaker):
    """The backend, imported; or None and what went wrong."""
    started = time.time()
    try:
        backend = BACKENDS[request["backend"]].Backend(request["device"])
        if backend.ranks is not None:
            backend.ranks.join(request, os.path.abspath(__file__))
    except Exception as error:  # the framework's own failure is the answer
        traceback.print_exc()
        return None, events.one_line("%s: %s" % (type(error).__name__, error))
    if not backend.refused:
        import_s = time.time() - started
        tf32, devices = backend.tf32(), backend.devices()
        versions = dict(backend.versions(), python="%d.%d.%d" % sys.version_info[:3])
        speaker.say("ready", versions=versions, devices=devices, import_s=import_s, tf32=tf32)
    return backend, ""


def train(backend, speaker, index, asked):
    """One cell, whatever comes of it; what it held is let go by the caller, after the traceback is gone."""
    if asked["workload"] not in WORKLOADS:
        return "skipped", {"detail": "no workload of that name: it is one of %s" % ", ".join(sorted(WORKLOADS))}
    cell = cells.Cell(backend, speaker, index, asked, WORKLOADS[asked["workload"]])
    reason = cell.refusal()
    if reason:
        return "skipped", dict(cell.done, detail=reason)
    try:
        cell.run()
    except Exception as error:  # of whatever kind a framework has
        traceback.print_exc()
        status = "oom" if memory.is_out_of_memory(error) else "failed"
        detail = events.one_line("%s: %s" % (type(error).__name__, error))
        if backend.ranks is not None:
            status, detail = backend.ranks.last_words() or (status, detail)
        return status, dict(cell.done, detail=detail)
    return "ok", cell.done


def main():
    """Answer one request."""
    speaker = events.Speaker(only=("done",) if ranks.rank() else None)
    request = json.load(sys.stdin)
    surroundings(request)
    backend, trouble = begin(request, speaker)
    if trouble or backend.refused:
        status = "failed" if trouble else "skipped"
        for index in range(len(request["cells"])):
            speaker.say("done", cell=index, status=status, detail=trouble or backend.refused)
    else:
        if request["peaks"]:
            peaks.measure(backend, speaker)
        for index, asked in enumerate(request["cells"]):
            status, done = train(backend, speaker, index, asked)
            gc.collect()
            backend.free()
            gc.collect()
            speaker.say("done", cell=index, status=status, **done)
            if backend.ranks is not None and status in ("failed", "oom"):
                leave(1)  # the others may wait for this one for ever: kdoctor starts anew with what is left
    speaker.say("end")
    leave(0)


def leave(code):
    """Frameworks may crash or hang while they are torn down."""
    sys.stderr.flush()
    os._exit(code)


main()
