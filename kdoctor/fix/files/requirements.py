"""requirements.txt: every package with its hashes, those that were asked for first."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.advice import quoted
from kdoctor.fix.files.comments import head, one_line, setting, why
from kdoctor.fix.files.pinned import Pin, Pinned
from kdoctor.fix.places import has_place

OPTION = "--requirements"


def requirements_txt(pinned: Pinned) -> str:
    """The whole file."""
    lines = [*head(pinned, OPTION), "#", f"# Into an environment of Python {pinned.python.short}:"]
    lines.append("#   python -m pip install --require-hashes -r requirements.txt")
    for name, value in pinned.recipe.environment.items():
        lines += ["#", *setting(pinned, name)]
        if has_place(value):
            lines.append(f"#   {name}={one_line(value)}   (in a virtual environment, {{prefix}} is its directory)")
        else:
            lines.append(f"#   export {name}={one_line(quoted(value))}")
    return "\n".join((*lines, *locked(pinned))) + "\n"


def locked(pinned: Pinned) -> Iterator[str]:
    """The packages, as pip reads them."""
    for title, pins in (
        ("asked for by the recipe", [pin for pin in pinned.wheels if pin.why]),
        ("needed by those", [pin for pin in pinned.wheels if not pin.why]),
    ):
        if pins:
            yield from ("", f"# {title}")
        for pin in pins:
            yield from why(pin)
            yield from _pinned(pin)


def spec_of(pin: Pin) -> str:
    """The requirement without its hashes."""
    extras = f"[{','.join(pin.extras)}]" if pin.extras else ""
    return f"{pin.name}{extras}=={pin.version}"


def _pinned(pin: Pin) -> Iterator[str]:
    lines = [spec_of(pin), *(f"    --hash={one}" for one in pin.hashes)]
    yield from (f"{line} \\" for line in lines[:-1])
    yield lines[-1]
