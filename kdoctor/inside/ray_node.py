"""What happens on a node of a Ray cluster: kdoctor's own command in a child, its output as the answer.

ray_nodes.py sends these functions to the nodes by value, so that they need nothing of ours there. Where a node has not
this release of kdoctor, the package and what it imports come as a zip through Ray's object store: a folder that is
there for the one run. A runtime environment would do the same in more time, for every node alike.
"""

import contextlib
import importlib.metadata
import io
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import zipfile
import zlib

MOST = 8 << 20  # bytes of a report
SHORT_S = 20
ERRORS = 2000
END_S = 3
# What kdoctor needs where it prints to no terminal and reads no log: rich and hyperscan are for those.
NEEDED = ("msgspec", "nvidia-ml-py", "packaging", "platformdirs", "psutil", "tomli", "typer")
LEFT_OUT = ("rich",)
RUNS = "import kdoctor.cli, kdoctor.commands.check; print('kdoctor', kdoctor.__version__)"
START = "from kdoctor.__main__ import main\nmain()\n"
TIED = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15, 0, 0, 0)  # PR_SET_PDEATHSIG, SIGTERM: kdoctor then ends its own children
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def packed(package):
    """The folder of a package of ours and the distributions that it needs, as a zip that Python can be started on."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__main__.py", START)
        for folder, folders, files in os.walk(package):
            folders[:] = [name for name in folders if name != "__pycache__"]
            for name in files:
                file = os.path.join(folder, name)
                archive.write(file, os.path.relpath(file, os.path.dirname(package)))
        for distribution in needed():
            for file in distribution.files or ():
                if ".." not in file.parts and "__pycache__" not in file.parts and file.suffix != ".pth":
                    archive.write(str(file.locate()), str(file))
    return target.getvalue()


def needed():
    """The distributions that are needed here, each with those that it needs."""
    from packaging.requirements import Requirement

    waiting, known = list(NEEDED), set(LEFT_OUT)
    while waiting:
        name = waiting.pop().lower()
        if name in known:
            continue
        known.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another Python only, or part of another distribution
        yield distribution
        rows = [Requirement(row) for row in distribution.requires or ()]
        waiting += [row.name for row in rows if row.marker is None or row.marker.evaluate({"extra": ""})]


def made_for():
    """What compiled modules have to be made for."""
    return "%s, %s" % (sysconfig.get_platform(), sys.implementation.cache_tag)


def environ_of_node():
    """The variables that the node was started with: Ray sets some of its own in a worker, such as OMP_NUM_THREADS."""
    own = dict(os.environ)
    try:
        with open("/proc/%d/environ" % os.getppid(), "rb") as file:
            rows = [row.partition("=") for row in os.fsdecode(file.read()).split("\0")]
    except OSError:
        return own
    return {name: value for name, _, value in rows if name in own} or own


def end(child):
    """End a child with its session, politely first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            os.killpg(child.pid, number)
            child.wait(END_S)


def heard(argv, environ, limit_s):
    """Exit status (None at the limit), bounded output and the last line of its errors."""
    late = threading.Event()
    tied = [sys.executable, "-c", TIED, str(os.getpid())]
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            tied + argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environ,
            cwd="/",
            start_new_session=True,
        )
        timer = threading.Timer(limit_s, lambda: (late.set(), end(child)))
        timer.daemon = True
        timer.start()
        try:
            out = child.stdout.read(MOST + 1)
            code = child.wait() if len(out) <= MOST else 0
        finally:
            timer.cancel()
            end(child)
            child.stdout.close()
        errors.seek(max(0, errors.seek(0, 2) - ERRORS))
        lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return (None if late.is_set() else code), out, lines[-1][:200] if lines else ""


def lost(how, said):
    """An answer without a report."""
    return {"report": b"", "lost": how, "said": said}


def answer(request, shipped):
    """The command's output, compressed, or why there is none."""
    environ = dict(environ_of_node(), **request.get("variables", {}))
    folder = tempfile.mkdtemp(prefix="kdoctor-")
    try:
        program = [sys.executable, "-m", "kdoctor"]
        _, version, _ = heard([sys.executable, "-c", RUNS], environ, SHORT_S)
        if version.decode("utf-8", "replace").strip() != "kdoctor " + request["version"]:
            if request["made_for"] != made_for():
                said = "it has no kdoctor %s, and one made for %s does not run on %s"
                return lost("refused", said % (request["version"], request["made_for"], made_for()))
            import ray

            with zipfile.ZipFile(io.BytesIO(ray.get(shipped[0]))) as archive:
                archive.extractall(folder)
            program = [sys.executable, folder]
        argv = program + request["command"] + ["--python", request["python"] or sys.executable]
        code, out, said = heard(argv, environ, request["limit_s"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if code is None:
        return lost("hung", "kdoctor gave no report in %g s" % request["limit_s"])
    if not out.strip():
        return lost("died" if code < 0 else "refused", said or "exit status %d and no report" % code)
    return {"report": zlib.compress(out), "lost": None, "said": ""}
