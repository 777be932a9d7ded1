"""environment.yml: every conda package as NAME=VERSION=BUILD, wheels under pip, settings as variables.

YAML is written by hand: a word is left bare only where it can be nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdoctor.advice import quoted
from kdoctor.fix.by_hand import commands
from kdoctor.fix.conda import without_credentials
from kdoctor.fix.files.comments import comment, head, literal, one_line, setting, why
from kdoctor.fix.files.pinned import Pinned
from kdoctor.fix.files.requirements import spec_of
from kdoctor.fix.places import has_place

OPTION = "--environment-yml"
_BARE = re.compile(r"[a-z_][a-z0-9_.-]*(=[A-Za-z0-9_.+-]+)*(\[[a-z0-9,-]+\])?(==[A-Za-z0-9_.+]+)?\Z")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


def environment_yml(pinned: Pinned) -> str:
    """The whole file."""
    lines = [*head(pinned, OPTION), "#", "#   conda env create -f environment.yml"]
    later = list(_afterwards(pinned))
    if later:
        lines += ["#", "# Once it is made (a file of this kind cannot say where the environment will be):"]
        lines += [f"#   {one_line(command)}" for command in later]
    lines += ["", f"name: {word(pinned.recipe.id)}", "channels:"]
    lines += [f"  - {word(without_credentials(channel))}" for channel in pinned.channels]
    if "defaults" not in pinned.channels:
        lines += comment("Nothing of Anaconda's own channel, whatever is configured.", indent="  ")
        lines.append("  - nodefaults")
    lines += ["dependencies:", *_dependencies(pinned), *_variables(pinned)]
    return "\n".join(lines) + "\n"


def word(text: str) -> str:
    """A scalar that YAML reads as this text.

    >>> word("keras=3.8.0=py_0"), word("yes"), word("3.10"), word("a: b # c")
    ('keras=3.8.0=py_0', '"yes"', '"3.10"', '"a: b # c"')
    """
    return text if _BARE.match(text) and text.lower() not in _WORDS else literal(text)


def _dependencies(pinned: Pinned) -> Iterator[str]:
    for pin in pinned.conda:
        yield from why(pin, indent="  ")
        yield f"  - {word(f'{pin.name}={pin.version}={pin.build}')}"
    if pinned.wheels:
        yield from comment("From the package index; `--requirements` writes them with hashes.", indent="  ")
        yield "  - pip:"
        for pin in pinned.wheels:
            yield from why(pin, indent="      ")
            yield f"      - {word(spec_of(pin))}"


def _variables(pinned: Pinned) -> Iterator[str]:
    settings = {name: value for name, value in pinned.recipe.environment.items() if not has_place(value)}
    if settings:
        yield "variables:"
    for name, value in settings.items():
        yield from setting(pinned, name, indent="  ")
        yield f"  {name}: {literal(value)}"


def _afterwards(pinned: Pinned) -> Iterator[str]:
    """Links, and the settings that depend on where it is."""
    words = ("conda activate", "mkdir -p", "conda env config vars set")
    if pinned.recipe.links or any(has_place(value) for value in pinned.recipe.environment.values()):
        if pinned.recipe.conda is None:
            yield f"conda activate {quoted(pinned.recipe.id)}"
            yield from (line.replace("$VIRTUAL_ENV", "$CONDA_PREFIX") for line in _exports(pinned))
            return
        made = commands(pinned.recipe, pinned.python)[1:]
        yield from (command for command in made if command.startswith(words))


def _exports(pinned: Pinned) -> Iterator[str]:
    for command in commands(pinned.recipe, pinned.python):
        if command.startswith("export "):
            yield "conda env config vars set " + command.removeprefix("export ")
