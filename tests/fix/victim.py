"""A process that makes environments in children of its own, one for each line, and kills them at a given moment.

A line of stdin is a delay in seconds, a space and an order in JSON; how the child ended is printed. A fork starts at
once, where a fresh interpreter would spend most of the time that a random moment is drawn from on its imports. Who
kills is the parent, before it has asked how the child ended: until then no other process has the child's number.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import msgspec

from kdoctor.fix.execute import Order, Verdict, execute
from kdoctor.model.trouble import Trouble

VERIFY_S = 0.04
STEP_S = 0.001


def verify(prefix: str) -> Verdict:
    """Run the environment's own interpreter, for long enough to be killed in it."""
    ran = subprocess.run([f"{prefix}/bin/python", "-S", "-c", "import sys"], check=False)
    time.sleep(VERIFY_S)
    return Verdict(is_good=ran.returncode == 0)


def child(line: bytes) -> int:
    """Do what the order says; the exit status is 3 where it was refused."""
    try:
        execute(msgspec.json.decode(line, type=Order), verify)
    except Trouble as trouble:
        sys.stderr.write(f"{trouble.reference}: {trouble.message}\n")
        return 3
    return 0


def status_of(pid: int, delay_s: float) -> int:
    """How the child ended, which is killed after the delay."""
    deadline = time.monotonic() + delay_s
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(STEP_S)
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def main() -> None:
    """Serve until stdin ends."""
    for line in sys.stdin.buffer:
        delay, _, order = line.partition(b" ")
        pid = os.fork()
        if pid == 0:
            code = 4
            try:
                code = child(order)
            finally:
                os._exit(code)
        print(status_of(pid, float(delay)), flush=True)  # noqa: T201  the protocol


if __name__ == "__main__":
    main()
