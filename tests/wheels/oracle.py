"""What TensorFlow itself says of the GPUs: run by the interpreter that has it, prints one line of JSON.

In: the environment, which decides what the loader finds. Out: `gpus`, the names that
`tf.config.list_physical_devices("GPU")` gives; `opened` and `missing`, what TensorFlow's loader says of each library;
`returncode` of the interpreter that was asked, so that a crash is an answer too. It lists devices and no more: an
operation would make a context, which the fake driver cannot.

Syntax of Python 3.8, standard library only.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

ASK = """
import json
import tensorflow
gpus = [device.name for device in tensorflow.config.list_physical_devices("GPU")]
print("ANSWER", json.dumps({"tensorflow": tensorflow.__version__, "gpus": gpus}))
"""

# Without the last of the three TensorFlow clamps the second to 0 and says nothing of a library that opens.
LOUD = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "dso_loader=1", "TF_CPP_MAX_VLOG_LEVEL": "1"}

OPENED = re.compile(r"Successfully opened dynamic library (\S+)")
MISSING = re.compile(r"Could not load dynamic library '([^']+)'; dlerror: (.*?)(?:; LD_LIBRARY_PATH: .*)?$")
TALK = re.compile(r"cuda|cudnn|gpu|dynamic library|failed call", re.IGNORECASE)
CHATTER = re.compile(r"^I\d{4} |: I ")


def ask(timeout_s: float) -> dict[str, object]:
    """Ask TensorFlow in a child, whose stderr is read."""
    try:
        child = subprocess.run(
            [sys.executable, "-c", ASK],
            env={**os.environ, **LOUD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"gpus": None, "returncode": None, "opened": [], "missing": {}, "log": [f"no answer in {timeout_s} s"]}
    answer: dict[str, object] = {"tensorflow": None, "gpus": None}
    for line in child.stdout.splitlines():
        if line.startswith("ANSWER "):
            answer = json.loads(line[len("ANSWER ") :])
    return {**answer, "returncode": child.returncode, **read_log(child.stderr)}


def read_log(text: str) -> dict[str, object]:
    """Read which libraries were opened, in order, which were not, with the loader's words, and what else was said.

    >>> read_log("... dso_loader.cc:70] Could not load dynamic library 'libcusolver.so.11'; dlerror: no such file")
    {'opened': [], 'missing': {'libcusolver.so.11': 'no such file'}, 'log': []}
    """
    opened: dict[str, None] = {}
    missing: dict[str, str] = {}
    log: list[str] = []
    for line in text.splitlines():
        good = OPENED.search(line)
        bad = MISSING.search(line)
        if good:
            opened.setdefault(good.group(1))
        elif bad:
            missing.setdefault(bad.group(1), bad.group(2))
        elif TALK.search(line) and not CHATTER.search(line) and line not in log:
            log.append(line)
    return {"opened": list(opened), "missing": missing, "log": log}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(ask(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0)) + "\n")
