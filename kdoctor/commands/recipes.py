"""`kdoctor recipes`: every recipe with whether it fits here and why; `recipes show`: one of them in full."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from kdoctor.commands.check import Request, gather
from kdoctor.commands.choosing import recipes_of
from kdoctor.fix.by_hand import commands
from kdoctor.fix.choose import Choice, Selection, choose
from kdoctor.fix.hardware import limits
from kdoctor.fix.recipes import named
from kdoctor.fix.requirements import span
from kdoctor.fix.wishes import Typed, wishes_of
from kdoctor.host import User
from kdoctor.knowledge import cuda
from kdoctor.model.codec import to_builtins
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from kdoctor.render.json import render
from kdoctor.render.text import visible

WIDTH = 80
SCHEMA = 1
MARKS = {True: "fits", False: "no"}


class Asked(Typed, frozen=True, kw_only=True):
    """The options, as typed."""

    for_file: str = ""
    sysroot: str = ""
    own: tuple[str, ...] = ()


def listed(asked: Asked, *, as_json: bool, redact: bool) -> str:
    """All recipes, those that fit first."""
    selection, user = select(asked)
    return json_of(selection, user if redact else None) if as_json else text_of(selection)


def shown(asked: Asked, wanted: str, *, as_json: bool, redact: bool) -> str:
    """One recipe in full; raises Trouble for an id that is none."""
    recipe = named(recipes_of(asked.own), wanted)
    selection, user = select(asked, recipe.id)
    choice = next(choice for choice in selection.choices if choice.recipe.id == recipe.id)
    if as_json:
        content = {**entry(choice), "recipe": plain(recipe), "commands": list(commands(recipe, choice.python))}
        return render(content, redact_for=user if redact else None) + "\n"
    return page_of(choice)


def select(asked: Asked, recipe: str = "") -> tuple[Selection, User]:
    """The recipes ranked for the machine that was asked for, and whose it is.

    Raises Trouble for options, files and facts that cannot be used.
    """
    if asked.for_file and asked.sysroot:
        reference = "options-exclude-each-other"
        raise Trouble(reference, "--for and --sysroot: choose one", code=2)
    wishes = wishes_of(asked, recipe)
    recipes = recipes_of(asked.own)
    facts, user = gather(Request(from_file=asked.for_file, sysroot=asked.sysroot), lambda _: None)
    return choose(facts, recipes, wishes), user


def entry(choice: Choice) -> dict[str, object]:
    """A recipe as one element of `recipes[]`."""
    recipe = choice.recipe
    return {
        "id": recipe.id,
        "title": recipe.title,
        "fits": choice.fits,
        "reasons": list(choice.reasons),
        "platforms": list(recipe.platforms),
        "requires": plain(recipe.requires),
    }


def json_of(selection: Selection, user: User | None) -> str:
    """The list as one document."""
    failing = selection.failing
    chosen = {
        "chosen": selection.best.recipe.id if selection.best else None,
        "nearest": selection.nearest.recipe.id if selection.nearest else None,
        "failing": None
        if failing is None
        else {"requirement": failing.requirement, "needed": failing.needed, "found": failing.found},
        "why": selection.why,
        "update": selection.update,
    }
    rows = [entry(choice) for choice in selection.choices]
    return render({"schema": SCHEMA, "recipes": rows, **chosen}, redact_for=user) + "\n"


def plain(value: object) -> dict[str, object]:
    """A value as JSON has it, without what it leaves open."""
    found: dict[str, object] = to_builtins(value)
    return {name: each for name, each in found.items() if each not in (None, [], {}, "")}


def text_of(selection: Selection) -> str:
    """One line for each recipe, then which to take."""
    column = max(len(choice.recipe.id) for choice in selection.choices) + 2
    lines = []
    for choice in selection.choices:
        reasons = ", ".join(choice.reasons if choice.fits else [one.text for one in choice.failing])
        lines.append(shortened(f"{MARKS[choice.fits]:<5} {choice.recipe.id:<{column}}{reasons}"))
    best = selection.best.recipe if selection.best else None
    head = f"Take {best.id}: {best.title}. {selection.why}" if best else selection.why
    lines += ["", *wrapped(head)]
    lines += wrapped(selection.update) if selection.update else []
    return "\n".join((*lines, "`kdoctor recipes show ID` prints one, `kdoctor fix --recipe ID` makes it.")) + "\n"


def shortened(line: str) -> str:
    """Visible text that ends within the line."""
    line = visible(line)
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip(" ,") + "…"


def wrapped(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Lines of at most 80 columns; words longer than that are not broken."""
    return textwrap.wrap(
        visible(text),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def page_of(choice: Choice) -> str:
    """A recipe for people: what it is, what it installs, what it requires, whether that is met, how to make it."""
    recipe = choice.recipe
    lines = [recipe.id, *wrapped(recipe.title), ""]
    for paragraph in recipe.about.split("\n\n"):
        lines += [*wrapped(" ".join(paragraph.split())), ""]
    lines += list(installs(recipe))
    lines += ["", f"requires: {'fits here' if choice.fits else 'does not fit here'}"]
    for check in choice.checks:
        lines += wrapped(check.text, " " * 10, f"  {check.state:<8}")
    lines += [line for note in choice.notes for line in wrapped(note, " " * 10, "  note    ")]
    lines += ["", f"by kdoctor: kdoctor fix --recipe {recipe.id}"]
    lines += ["by hand:", *(f"  {visible(command)}" for command in commands(recipe, choice.python)), ""]
    for title, texts in (("notes", recipe.notes), ("sources", sources(recipe)), ("tried", tried(recipe))):
        lines += [f"{title}:", *(line for text in texts for line in wrapped(text, "    ", "  - "))] if texts else []
    return "\n".join(lines) + "\n"


def installs(recipe: Recipe) -> Iterator[str]:
    """Packages, settings and what they run on."""
    requires = recipe.requires
    yield "installs:"
    if recipe.conda:
        yield f"  from {', '.join(visible(channel) for channel in recipe.conda.channels)}:"
        yield from (f"    {visible(spec)}" for spec in recipe.conda.specs)
    if recipe.pip:
        yield "  by pip:"
        yield from (f"    {visible(spec)}" for spec in recipe.pip.specs)
    yield from (f"  sets {name}={visible(value)}" for name, value in recipe.environment.items())
    yield from (f"  links {visible(link)} to {visible(target)}" for link, target in recipe.links.items())
    yield f"  for Python {span(recipe.python)} on {', '.join(recipe.platforms)}"
    if requires.cuda:
        full = cuda.full_driver(requires.cuda)
        oldest = f"driver {requires.driver_min} or newer" if requires.driver_min else "any driver"
        whole = f" ({full} to compile PTX too)" if full and requires.driver_min and full > requires.driver_min else ""
        yield f"  CUDA {requires.cuda}: {oldest}{whole}"
    if limits(recipe):
        yield f"  GPUs of compute capability {limits(recipe)}"


def sources(recipe: Recipe) -> tuple[str, ...]:
    """Where its pins and limits come from."""
    return tuple(f"{source.what} (read {source.read})" for source in recipe.sources)


def tried(recipe: Recipe) -> tuple[str, ...]:
    """The machines it was tried on, or why on none."""
    return tuple(f"{one.on} on {one.machine}: {one.proved}" for one in recipe.tried) or (f"untried: {recipe.untried}",)
