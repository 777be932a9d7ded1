"""Run kdoctor: answers ``--version`` before importing anything, hands the rest to the Typer app."""

import os
import sys

from kdoctor import __version__


def main() -> None:
    """Entry point of the ``kdoctor`` command and of ``python -m kdoctor``."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"kdoctor {__version__}\n")
        return
    from kdoctor.cli import run  # noqa: PLC0415  the Typer app costs 45 ms; --version must not pay it

    code = run(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # nothing is left to tidy up: taking the interpreter apart costs 8 ms, and a hung thread may hold it


if __name__ == "__main__":
    main()
