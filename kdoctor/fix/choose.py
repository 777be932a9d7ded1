"""Which recipe suits this machine? A pure function of facts and of what the user asked for.

Recipes that fit come first, best first; then those that do not, nearest first. What is not known does not count
against a recipe, and is said.
"""

from __future__ import annotations

import msgspec

from kdoctor.fix.hardware import left_out
from kdoctor.fix.machine import Machine, machine_of, short_name
from kdoctor.fix.requirements import checks
from kdoctor.fix.verdict import EASY, Check
from kdoctor.fix.wishes import BACKENDS, Wishes, pythons, unmet
from kdoctor.model.facts.base import Facts
from kdoctor.model.recipe import Recipe
from kdoctor.model.version import PythonVersion

STANDINGS = ("current", "older", "asked-only")


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe on this machine. ``python``: the version to make it with, None where none would do."""

    recipe: Recipe
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    python: PythonVersion | None

    @property
    def fits(self) -> bool:
        """Nothing fails; what is unknown counts as unknown."""
        return not any(one.state == "fails" for one in self.checks)

    @property
    def failing(self) -> tuple[Check, ...]:
        """The requirements that are not met, the hardest first."""
        return tuple(sorted((one for one in self.checks if one.state == "fails"), key=lambda one: -one.effort))

    @property
    def unknown(self) -> tuple[Check, ...]:
        """The requirements that nothing is known about."""
        return tuple(one for one in self.checks if one.state == "unknown")

    @property
    def reasons(self) -> tuple[str, ...]:
        """What decides: failing first, then unknown, then notes, then what is met."""
        met = (one.text for one in self.checks if one.state == "ok")
        return (*(one.text for one in self.failing), *(one.text for one in self.unknown), *self.notes, *met)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """``best`` is what to make, or None; then ``nearest`` is the recipe that fails by least, and ``failing`` in what.

    ``why`` is a sentence for either. ``update``: what a newer driver would allow, "" if nothing better.
    """

    choices: tuple[Choice, ...]
    best: Choice | None
    nearest: Choice | None = None
    failing: Check | None = None
    why: str
    update: str = ""


def choose(facts: Facts, recipes: tuple[Recipe, ...], wishes: Wishes) -> Selection:
    """The recipes ranked for the machine of these facts, and the one to take."""
    machine = machine_of(facts)
    choices = tuple(sorted((weigh(recipe, machine, wishes) for recipe in recipes), key=lambda one: _key(one, machine)))
    best = next((choice for choice in choices if choice.fits and _is_meant(choice, machine)), None)
    if best is not None:
        return Selection(
            choices=choices, best=best, why=_why(best, machine), update=_update(best, choices) if machine.gpus else ""
        )
    left = [choice for choice in choices if not choice.fits and _is_meant(choice, machine)]
    if not left:
        return Selection(choices=choices, best=None, why="There is no recipe for a machine like this one.")
    nearest = min(left, key=lambda choice: _distance(choice, machine))
    return Selection(
        choices=choices, best=None, nearest=nearest, failing=nearest.failing[0], why=_why_not(nearest, machine)
    )


def weigh(recipe: Recipe, machine: Machine, wishes: Wishes) -> Choice:
    """One recipe against the machine and the wishes."""
    found = (*checks(recipe, machine, wishes.python), *unmet(recipe, machine, wishes))
    usable = pythons(recipe, machine, wishes)
    notes = [
        f"leaves out the {short_name(gpu)} ({gpu.compute_capability or gpu.architecture}): hide it with "
        "CUDA_VISIBLE_DEVICES"
        for gpu in left_out(recipe, machine)
    ]
    return Choice(recipe=recipe, checks=found, notes=tuple(notes), python=usable[-1] if usable else None)


def _key(choice: Choice, machine: Machine) -> tuple[object, ...]:
    """The order of the list."""
    recipe = choice.recipe
    idle = machine.has_gpu is not False and recipe.requires.gpu == "none"
    if not choice.fits:
        return (1, idle, *_distance(choice, machine))
    perhaps = any(check.requirement == "wsl" for check in choice.unknown)
    return (0, idle, perhaps, STANDINGS.index(recipe.standing), len(choice.notes), *_taste(recipe, machine))


def _distance(choice: Choice, machine: Machine) -> tuple[object, ...]:
    """How far a recipe is from fitting: by its hardest requirement, then by how many, then by the usual order."""
    recipe = choice.recipe
    efforts = [check.effort for check in choice.failing]
    return (max(efforts, default=0), len(efforts), STANDINGS.index(recipe.standing), *_taste(recipe, machine))


def _taste(recipe: Recipe, machine: Machine) -> tuple[object, ...]:
    """Keras's default backend first: another one asks more of a program than another installer asks of its user."""
    return (BACKENDS.index(recipe.backend), recipe.method != machine.prefers, recipe.preference)


def _is_meant(choice: Choice, machine: Machine) -> bool:
    """A recipe without GPU is for a machine without one, and the other way round; unknown means one may be there."""
    return choice.recipe.requires.gpu != ("required" if machine.has_gpu is False else "none")


def _why(best: Choice, machine: Machine) -> str:
    if machine.has_gpu is False:
        return "No NVIDIA GPU was found, so the environment is for the CPU."
    unknown = "; ".join(check.text for check in best.unknown)
    met = ", ".join(check.text for check in best.checks if check.state == "ok" and check.requirement != "platform")
    return f"Not known: {unknown}." if unknown else f"It fits: {met}."


def _why_not(nearest: Choice, machine: Machine) -> str:
    failing, *others = nearest.failing
    more = f" So does: {'; '.join(check.text for check in others)}." if others else ""
    kind = "recipe" if machine.has_gpu is False else "GPU recipe"
    sentence = f"No {kind} fits. The nearest is {nearest.recipe.id}, but this fails: {failing.text}."
    return f"{sentence}{more}{_way_out(failing, machine) if not others else ''}"


def _way_out(failing: Check, machine: Machine) -> str:
    if failing.requirement != "driver" or failing.effort != EASY:
        return ""
    if machine.driver.state == "not-loaded":
        return " `kdoctor check` says why the driver is not loaded."
    return " A driver is all it needs." if machine.driver.state == "absent" else " A driver update is all it needs."


def _update(best: Choice, choices: tuple[Choice, ...]) -> str:
    """What a newer driver would allow that is better than an older stack."""
    if best.recipe.standing != "older":
        return ""
    better = [
        choice
        for choice in choices
        if choice.recipe.standing == "current"
        and choice.recipe.requires.gpu == "required"
        and [(check.requirement, check.effort) for check in choice.failing] == [("driver", EASY)]
    ]
    if not better:
        return ""
    first = min(better, key=lambda choice: choice.recipe.preference)
    check = first.failing[0]
    return f"A driver update ({check.found} -> {check.needed}) allows {first.recipe.id}: {first.recipe.title}."
