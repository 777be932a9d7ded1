"""pixi.toml: a workspace with every package at one version; pixi itself writes the hashes into pixi.lock.

Every pixi reads the table [system-requirements]; the newest would rather have it in `platforms`, which older ones
refuse (prefix-dev/pixi@HEAD of 2026-08-21, docs/workspace/system_requirements.md, read 2026-11-21).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdoctor.advice import quoted
from kdoctor.fix.conda import without_credentials
from kdoctor.fix.files.comments import comment, head, literal, setting, why
from kdoctor.fix.files.pinned import Pin, Pinned
from kdoctor.fix.places import placed
from kdoctor.model.trouble import Trouble

OPTION = "--pixi"
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHELL = re.compile(r"""[$`"'\\!;&|<>\n]""")


def pixi_toml(pinned: Pinned) -> str:
    """The whole file."""
    channels = ", ".join(literal(without_credentials(channel)) for channel in pinned.channels)
    lines = [*head(pinned, OPTION), "#", "#   pixi install", ""]
    lines += ["[workspace]", f"name = {literal(pinned.recipe.id)}", f"channels = [{channels}]"]
    lines += [f"platforms = [{literal(pinned.platform)}]", *_system(pinned), "", "[dependencies]"]
    for pin in pinned.conda:
        lines += [
            *why(pin),
            f"{key(pin.name)} = {{ version = {literal(f'=={pin.version}')}, build = {literal(pin.build)} }}",
        ]
    if pinned.wheels:
        lines += ["", "[pypi-dependencies]"]
    for pin in pinned.wheels:
        lines += [*why(pin), f"{key(pin.name)} = {_wheel(pin)}"]
    return "\n".join((*lines, *_links(pinned), *_settings(pinned))) + "\n"


def key(name: str) -> str:
    """A key of TOML: bare where it may be."""
    return name if _BARE.match(name) else literal(name)


def _system(pinned: Pinned) -> Iterator[str]:
    found, glibc = pinned.machine.get("__cuda"), pinned.machine.get("__glibc")
    if found or glibc:
        yield from ("", *comment("What it was solved for; pixi takes no CUDA build unless it is told of a driver."))
        yield "[system-requirements]"
    if found:
        yield f"cuda = {literal(found)}"
    if glibc:
        yield f'libc = {{ family = "glibc", version = {literal(glibc)} }}'


def _wheel(pin: Pin) -> str:
    if not pin.extras:
        return literal(f"=={pin.version}")
    return f"{{ version = {literal(f'=={pin.version}')}, extras = [{', '.join(literal(one) for one in pin.extras)}] }}"


def _links(pinned: Pinned) -> Iterator[str]:
    if not pinned.recipe.links:
        return
    made = []
    for link, target in pinned.recipe.links.items():
        path = placed(link, "$CONDA_PREFIX", pinned.python).removeprefix("$CONDA_PREFIX/")
        folder = path.rpartition("/")[0]
        yield from ("", *setting(pinned, link))
        made.append(
            f'mkdir -p "$CONDA_PREFIX"/{quoted(folder)} && ln -sf {quoted(target)} "$CONDA_PREFIX"/{quoted(path)}'
        )
    yield "# Once, after `pixi install`: pixi run links"
    yield from ("[tasks]", f"links = {literal(' && '.join(made))}")


def _settings(pinned: Pinned) -> Iterator[str]:
    if pinned.recipe.environment:
        yield from ("", "[activation.env]")
    for name, value in pinned.recipe.environment.items():
        if _SHELL.search(value):
            message = f"{name} of {pinned.recipe.id} has characters that a shell reads; pixi.toml cannot quote them"
            raise Trouble("setting-not-portable", message, hint="Use --environment-yml or --docker.")
        yield from setting(pinned, name)
        yield f"{name} = {literal(placed(value, '$CONDA_PREFIX', pinned.python))}"
