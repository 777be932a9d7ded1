"""Which recipes are there? The shipped ones, and files that users wrote.

Input: TOML text; output: ``Recipe`` values that are whole and consistent. An error names the file, the line where it
can be told, and what is wrong. Nothing here looks at the machine.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import tomli
from packaging.requirements import InvalidRequirement, Requirement

from kdoctor.fix.reasons import reason_problems
from kdoctor.knowledge.tables import convert
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble

MAX_BYTES = 1 << 18
_HERE = Path(__file__).parent.parent
SHIPPED = (_HERE / "recipes", _HERE.parent / "recipes")  # in the wheel, in a checkout
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")
_SPEC = re.compile(r"[a-z0-9_][a-z0-9_.-]*(?P<rest>(?:[ =<>!~].*|\[.*\])?)\Z")
_PLACE = re.compile(r"`?\$(?P<path>[.\[\]\w-]*)`?\Z")


def shipped(folders: tuple[Path, ...] = SHIPPED) -> tuple[Recipe, ...]:
    """The recipes that come with kdoctor, in the order in which they are offered; of the first folder that is there."""
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        reference = "recipes-missing"
        raise Trouble(reference, "kdoctor's own recipes are missing", hint="Install kdoctor again.")
    return in_order([_read(path) for path in sorted(folder.glob("*.toml"))])


def all_recipes(own: tuple[str, ...] = ()) -> tuple[Recipe, ...]:
    """The shipped recipes and those in the user's files and folders; raises Trouble for an id that comes twice."""
    found = list(shipped())
    known = {recipe.id: "kdoctor's own" for recipe in found}
    for path in (path for name in own for path in _files(name)):
        recipe = _read(path)
        if recipe.id in known:
            reference = "recipe-id-twice"
            raise Trouble(reference, f"{path}: the id {recipe.id!r} is taken by {known[recipe.id]} recipe")
        known[recipe.id] = f"{path}'s"
        found.append(recipe)
    return in_order(found)


def in_order(recipes: list[Recipe]) -> tuple[Recipe, ...]:
    """By standing, then preference."""
    standings = ("current", "older", "asked-only")
    return tuple(sorted(recipes, key=lambda recipe: (standings.index(recipe.standing), recipe.preference, recipe.id)))


def named(recipes: tuple[Recipe, ...], wanted: str) -> Recipe:
    """The recipe with that id; raises Trouble with near ids where there is none."""
    for recipe in recipes:
        if recipe.id == wanted:
            return recipe
    ids = [recipe.id for recipe in recipes]
    near = difflib.get_close_matches(wanted, ids, n=3, cutoff=0.5) or [name for name in ids if wanted in name][:3]
    hint = f"Did you mean {', '.join(near)}?" if near and wanted else "`kdoctor recipes` lists all."
    reference = "recipe-unknown"
    raise Trouble(reference, f"there is no recipe {wanted!r}", hint=hint, code=2)


def parse(text: str, source: str) -> Recipe:
    """The recipe in a TOML document; ``source`` names it in messages. Raises Trouble with line and reason."""
    try:
        recipe = convert(tomli.loads(text), Recipe)
    except tomli.TOMLDecodeError as error:
        raise _invalid(source, str(error)) from error
    except RecursionError as error:
        raise _invalid(source, "is nested too deeply") from error
    except msgspec.ValidationError as error:
        raise _misfit(text, source, str(error)) from error
    for key, problem in problems(recipe):
        raise _invalid(source, problem, _line_of(text, key))
    return recipe


def problems(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """What types do not say: the key at fault, and what is wrong with it."""
    if not _ID.match(recipe.id):
        yield "id", f"the id {recipe.id!r} is not lower-case words joined by hyphens"
    for key in ("platforms", "python", "sources"):
        if not getattr(recipe, key):
            yield key, f"`{key}` is empty"
    if recipe.conda is None and recipe.pip is None:
        yield "id", "there is neither [conda] nor [pip]: it installs nothing"
    if not (recipe.tried or recipe.untried.strip()):
        yield "id", "there is neither a [[tried]] nor the reason why it is `untried`"
    if (recipe.requires.gpu == "required") != (recipe.verify.devices == "gpu"):
        yield "devices", f"`verify.devices` is {recipe.verify.devices!r}, but `requires.gpu` {recipe.requires.gpu!r}"
    if any(len(version.parts) != len(("major", "minor")) for version in recipe.python):
        yield "python", "`python` lists minor versions, such as 3.12"
    yield from _bad_specs(recipe)
    yield from _bad_settings(recipe)
    yield from reason_problems(recipe)


def _bad_specs(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for spec in recipe.pip.specs if recipe.pip else ():
        try:
            is_plain = Requirement(spec).url is None
        except InvalidRequirement:
            is_plain = False
        if not is_plain:
            yield "specs", f"not a requirement with a name and versions: {spec!r}"
    for spec in recipe.conda.specs if recipe.conda else ():
        if not _SPEC.match(spec):
            yield "specs", f"not a conda match spec: {spec!r}"
    if recipe.conda is not None and not recipe.conda.channels:
        yield "channels", "`conda.channels` is empty"


def _bad_settings(recipe: Recipe) -> Iterator[tuple[str, str]]:
    for name, value in recipe.environment.items():
        if not _VARIABLE.match(name) or not value.isprintable():
            yield name, f"not a variable that an environment can have: {name!r}"
    for link, target in recipe.links.items():
        if link.startswith("/") or target.startswith("/") or not _stays_inside(link, target):
            yield link, f"the link {link!r} to {target!r} leaves the environment"
        if not (link.isprintable() and target.isprintable()):
            yield link, f"the link {link!r} to {target!r} has characters that cannot be shown"
    for module in recipe.verify.imports:
        if not _MODULE.match(module):
            yield "imports", f"not a module: {module!r}"


def _stays_inside(link: str, target: str) -> bool:
    parts = [*link.split("/")[:-1], *target.split("/")]
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else int(part not in ("", "."))
        if depth < 0:
            return False
    return ".." not in link.split("/")


def _files(name: str) -> list[Path]:
    """The recipes that a user's path means: a file, or every .toml of a folder."""
    path = Path(name).expanduser()
    try:
        if not path.is_dir():
            return [path]
        files = sorted(path.glob("*.toml"))
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(name, error) from error
    if not files:
        reference = "recipe-folder-empty"
        raise Trouble(reference, f"{name}: no .toml file is in this folder")
    return files


def _read(path: Path) -> Recipe:
    try:
        if not path.is_file():
            # opening a pipe would wait for its writer
            seen = "is not a regular file" if path.exists() else "does not exist"
            reference = "recipe-not-readable"
            raise Trouble(reference, f"{path}: {seen}")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise _invalid(str(path), f"larger than {MAX_BYTES >> 10} kB, which no recipe is")
        text = data.decode()
    except (OSError, ValueError) as error:
        raise _unreadable(str(path), error) from error
    return parse(text, str(path))


def _unreadable(name: str, error: Exception) -> Trouble:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Trouble("recipe-not-readable", f"{name}: {reason}")


def _invalid(source: str, problem: str, line: int = 0) -> Trouble:
    place = f"{source}, line {line}" if line else source
    hint = "`kdoctor recipes show tf220-cuda12` shows what a recipe holds."
    return Trouble("recipe-invalid", f"{place}: {problem}", hint=hint)


def _misfit(text: str, source: str, message: str) -> Trouble:
    """An error of the types, with the line of the key that msgspec names.

    The key is the last of the path ``$.requires.gpu``, or of a missing or unknown field in the message.
    """
    sentence, _, place = message.rpartition(" - at ")
    match = _PLACE.match(place) if sentence else None
    keys = re.findall(r"[A-Za-z_][\w-]*", match["path"]) if match else []
    unknown = re.search(r"unknown field `([^`]+)`", message)
    key = unknown[1] if unknown else keys[-1] if keys else ""
    return _invalid(source, message.replace("`$.", "`"), _line_of(text, key) if key else 0)


def _line_of(text: str, key: str) -> int:
    r"""The first line that sets ``key`` or opens a table of that name, 0 if none does.

    >>> _line_of('id = "a"\n[requires]\ngpu = 1\n', "gpu")
    3
    """
    opens = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*(\]|=)""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if opens.match(line)), 0)
