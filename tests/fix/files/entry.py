"""A command line of nothing but `write_files`, until `kdoctor fix` has its options."""

from __future__ import annotations

import argparse
import sys

import typer

from kdoctor.cli_files import write_files
from kdoctor.commands.choosing import Asked
from kdoctor.commands.fix_files import KINDS
from kdoctor.model.trouble import Trouble


def main(words: list[str]) -> int:
    """The exit code; an error is one line on stderr, as that of kdoctor."""
    parser = argparse.ArgumentParser()
    for kind in KINDS:
        parser.add_argument(f"--{kind}", dest="kinds", action="append_const", const=kind)
    for name in ("recipe", "for_file", "python_version", "exclude_newer", "output", "channel", "format", "own"):
        parser.add_argument(f"--{name.replace('_', '-')}", default="")
    for name in ("force", "dry_run", "offline"):
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true")
    typed = parser.parse_args(words)
    asked = Asked(
        recipe=typed.recipe,
        for_file=typed.for_file,
        python_version=typed.python_version,
        exclude_newer=typed.exclude_newer,
        channels=(typed.channel,) if typed.channel else (),
        own=(typed.own,) if typed.own else (),
        dry_run=typed.dry_run,
        offline=typed.offline,
    )
    try:
        write_files(
            asked, tuple(typed.kinds), output_path=typed.output, force=typed.force, output=typed.format or "text"
        )
    except Trouble as trouble:
        sys.stderr.write(f"{trouble.message} {trouble.hint}".strip() + "\n")
        return trouble.code
    except typer.Exit as left:
        return left.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
