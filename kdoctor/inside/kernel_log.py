"""Ask dmesg, else the journal, for the kernel's lines about NVIDIA's driver; run by kdoctor's own interpreter.

It is asked in a child that prints these lines alone, without time and process, because the rest of the log tells more
about the machine and its user than a record of it may hold.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import json
import os
import re
import subprocess

COMMANDS = (("dmesg",), ("journalctl", "-k", "-b", "-q", "--no-pager", "-o", "cat", "-n", "5000"))
TIMEOUT_S = 3
MOST_LINES = 60
LONGEST_LINE = 240
ABOUT = re.compile("NVRM|nvidia|nouveau|modprobe: unsigned module|Loading of (?:unsigned )?module", re.IGNORECASE)
TIME = re.compile(r"^\[\s*[\d.]+\]\s*")
PROCESS = re.compile(r",?\s*(?:pid='?<?\w+>?'?|name=[^,]*)(?=,|$)")


def about_the_driver(text):
    """The newest lines about the driver, repeated ones once."""
    lines = (PROCESS.sub("", TIME.sub("", line)).strip() for line in text.splitlines() if ABOUT.search(line))
    newest = []
    for line in lines:
        if line[:LONGEST_LINE] not in newest[-MOST_LINES:]:
            newest.append(line[:LONGEST_LINE])
    return newest[-MOST_LINES:]


def ran(argv):
    """What a command prints, and why it prints nothing."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=TIMEOUT_S,
            env=dict(os.environ, LC_ALL="C"),
        )
    except subprocess.TimeoutExpired:
        return "", "no answer in %d s" % TIMEOUT_S
    except OSError as error:
        return "", error.strerror or "could not be started"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    text = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
    return text, "" if text.strip() else (said or ["shows this user nothing"])[0]


def main():
    """Print one JSON object."""
    reasons = []
    for argv in COMMANDS:
        text, why = ran(argv)
        if not why:
            print(json.dumps({"source": " ".join(argv[:3]), "lines": about_the_driver(text)}))
            return
        reasons.append("%s: %s" % (argv[0], why))
    print(json.dumps({"source": "", "why": "; ".join(reasons)}))


if __name__ == "__main__":
    main()
