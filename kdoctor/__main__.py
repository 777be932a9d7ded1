"""Run kdoctor: answers ``--version`` before importing anything, hands the rest to the Typer app."""

import os
import sys

from kdoctor import __version__


def main() -> None:
    """Entry point of the ``kdoctor`` command and of ``python -m kdoctor``."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"kdoctor {__version__}\n")
        return
    from kdoctor.cli import run

    code = run(sys.argv[1:])
    spawn = sys.modules.get("kdoctor.host.spawn")
    if spawn is not None:
        spawn.kill_running()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to tidy up: taking the interpreter apart costs 8 ms, and a hung thread may hold it


if __name__ == "__main__":
    main()
