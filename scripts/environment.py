"""Make one virtual environment of this checkout, or bring it up to date. Called by environment.sh.

Arguments: the environment's directory, the extra to install ("core": none), and the stamp to leave when all is done.
Two that run at once wait for each other (a lock that the system frees when its owner dies). A directory that an
interrupted run left behind is made anew; one that somebody else made is used as it is, and never removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNFINISHED = "kdoctor-unfinished"
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV")
CANNOT = 3
INTERRUPTED = 130


class SetUpError(Exception):
    """The environment could not be made; the text says why."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock; where the file system has no locks, go on without. A pip that outlives us holds it too."""
    with path.open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003  its own signature
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_ready(directory: Path, extra: str, stamp: str) -> bool:
    """Whether a finished run left this stamp."""
    python, file = directory / "bin/python", directory / f"kdoctor-{extra}"
    return python.exists() and file.is_file() and file.read_text().strip() == stamp


def make(directory: Path) -> None:
    """Make the environment, unless a usable one is there."""
    is_ours = (directory / UNFINISHED).exists() or any(directory.glob("kdoctor-*"))
    if (directory / UNFINISHED).exists() or (is_ours and not (directory / "bin/python").exists()):
        shutil.rmtree(directory)
    if (directory / "bin/python").exists():
        return
    if directory.exists() and any(directory.iterdir()):
        message = f"{directory} is no environment of kdoctor's and has no bin/python: move it away"
        raise SetUpError(message)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / UNFINISHED).touch()
    venv.EnvBuilder(symlinks=True, with_pip=True).create(directory)


def install(directory: Path, extra: str) -> None:
    """Install the checkout and the extra; pip's output is shown only where it fails."""
    what = str(ROOT) if extra == "core" else f"{ROOT}[{extra}]"
    command = [str(directory / "bin/python"), "-I", "-m", "pip", "--disable-pip-version-check", "install", "-e", what]
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    ran = subprocess.run(
        command,
        env=environment,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,
    )
    if ran.returncode:
        sys.stderr.buffer.write(ran.stdout)
        message = f"pip could not install what kdoctor needs (exit code {ran.returncode}; its output is above)"
        raise SetUpError(message)


def set_up(directory: Path, extra: str, stamp: str) -> None:
    """Make, install, and leave the stamp."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with locked(directory.with_name(f"{directory.name}.lock")):
        if is_ready(directory, extra, stamp):
            return
        known = (directory / f"kdoctor-{extra}").is_file()
        sys.stderr.write(f"kdoctor: {'updating' if known else 'setting up'} {directory} (once)\n")
        make(directory)
        install(directory, extra)
        for name in {extra, "core"}:
            (directory / f"kdoctor-{name}").write_text(f"{stamp}\n")
        (directory / UNFINISHED).unlink(missing_ok=True)


def main() -> int:
    """Set the environment up; trouble is one line on stderr, after pip's output if pip failed."""
    try:
        set_up(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    except KeyboardInterrupt:
        return INTERRUPTED
    except (SetUpError, OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"kdoctor: set-up failed: {error}\n")
        return CANNOT
    return 0


if __name__ == "__main__":
    sys.exit(main())
