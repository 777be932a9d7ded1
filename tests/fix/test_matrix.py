"""Each driver branch, GPU generation, Python and platform of the tables: a recipe that the tables prove, or why not."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import pytest

from kdoctor.fix.choose import Choice, Selection, choose
from kdoctor.fix.recipes import shipped
from kdoctor.fix.wishes import Wishes
from kdoctor.knowledge import cuda, gpus
from tests.fix.hypothetical import facts_of
from tests.fix.oracle import Target, builds, contradictions, is_allowed

pytestmark = pytest.mark.slow

RECIPES = shipped()
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
CAPABILITIES = tuple(str(each) for row in gpus.architectures() for each in row.compute_capabilities)
EDGES = {recipe.requires.driver_min.major for recipe in RECIPES if recipe.requires.driver_min}  # also one just too old
RELEASES = tuple(
    f"{row.branch}.{last}" for row in cuda.branches() for last in (("20", "200") if row.branch in EDGES else ("200",))
)
NO_DRIVER = ("",)
SOME = ("470.200", "550.200", "580.200")


def machines() -> Iterator[Target]:
    """Linux in full, the other platforms with the drivers that matter."""
    for capability, driver, python in itertools.product(CAPABILITIES, (*NO_DRIVER, *RELEASES), PYTHONS):
        yield Target(capability, driver, python, "linux-64", "2.39")
    for capability, driver, python in itertools.product(CAPABILITIES, SOME, ("3.9", "3.11", "3.14")):
        yield from (Target(capability, driver, python, platform, "2.39") for platform in ("linux-aarch64", "wsl"))
        yield Target(capability, driver, python, "linux-64", "2.17")
    for python, platform in itertools.product(PYTHONS, ("win-64", "osx-arm64", "linux-64", "linux-aarch64")):
        yield Target("", "", python, platform, "2.39" if platform.startswith("linux") else "")
        yield Target("8.6", "", python, "win-64", "")


@functools.cache
def selected() -> tuple[tuple[Target, Selection], ...]:
    """What is chosen for each of them."""
    return tuple((target, selection_of(target)) for target in dict.fromkeys(machines()))


def selection_of(target: Target) -> Selection:
    facts = facts_of(
        capabilities=(target.capability,) if target.capability else (),
        driver=target.driver,
        python=target.python,
        platform=target.platform,
        glibc=target.glibc or "2.39",
    )
    return choose(facts, RECIPES, Wishes())


def judged(target: Target, choice: Choice) -> tuple[str, ...]:
    """The oracle on a choice; conda brings a Python of its own."""
    own = choice.python.short if choice.recipe.method == "conda" and choice.python else target.python
    return contradictions(choice.recipe.id, target._replace(python=own))


def test_there_are_thousands_of_machines() -> None:
    assert len(selected()) > 5000


def test_no_choice_contradicts_the_tables() -> None:
    wrong = {
        (target, selection.best.recipe.id): found
        for target, selection in selected()
        if selection.best is not None and (found := judged(target, selection.best))
    }
    assert wrong == {}


def test_no_recipe_that_is_said_to_fit_contradicts_the_tables() -> None:
    wrong = [
        (target, choice.recipe.id, found)
        for target, selection in selected()
        for choice in selection.choices
        if choice.fits and (found := judged(target, choice))
    ]
    assert wrong[:5] == []


def test_a_machine_without_a_choice_is_told_the_requirement_that_fails() -> None:
    for target, selection in selected():
        if selection.best is None:
            failing = selection.failing
            assert failing is not None, target
            assert failing.needed, target
            assert failing.text in selection.why, target


def test_nothing_is_refused_that_the_tables_allow() -> None:
    """Where no recipe is chosen, the tables speak against every recipe with a GPU."""
    refused = [
        target
        for target, selection in selected()
        if selection.best is None and target.platform == "linux-64" and target.python in ("3.11", "3.14")
    ]
    gpu = [recipe for recipe in RECIPES if recipe.requires.gpu == "required" and recipe.standing != "asked-only"]
    for target in refused:
        for recipe in gpu:
            if recipe.requires.wsl:
                continue
            pythons = [each.short for each in recipe.python] if recipe.method == "conda" else [target.python]
            allowed = [each for each in pythons if is_allowed(recipe.id, target._replace(python=each))]
            assert not allowed, (target, recipe.id)


@pytest.mark.parametrize("branch", ["470", "525", "535", "550", "570", "580", "590", "615"])
def test_each_driver_generation_still_met_has_a_recipe_for_a_gpu_of_its_time(branch: str) -> None:
    chosen = selection_of(Target("8.6", f"{branch}.200", "3.10", "linux-64", "2.35")).best
    assert chosen is not None


@pytest.mark.parametrize(
    ("capability", "driver", "expected"),
    [
        ("3.7", "470.256.02", "tf214-cuda118"),
        ("5.2", "580.95.05", "jax-cuda12-cudnn910"),
        ("5.0", "580.95.05", "torch27-cuda126"),
        ("6.1", "580.95.05", "tf220-cuda12-cudnn910"),
        ("7.0", "580.95.05", "tf220-cuda12-cudnn910"),
        ("8.6", "550.54.14", "tf220-cuda12"),
        ("9.0", "535.183.01", "tf220-cuda12"),
        ("12.0", "570.124.06", "tf219-blackwell-conda"),
        ("10.3", "580.95.05", "jax-cuda13"),
    ],
)
def test_each_gpu_generation_gets_the_recipe_made_for_it(capability: str, driver: str, expected: str) -> None:
    python = "3.10" if capability == "3.7" else "3.11"
    best = selection_of(Target(capability, driver, python, "linux-64", "2.39")).best
    assert best is not None
    assert best.recipe.id == expected


def test_every_recipe_holds_for_every_python_that_it_claims() -> None:
    """On a machine just within its own limits."""
    for recipe in RECIPES:
        if recipe.standing == "asked-only":
            continue
        needs = recipe.requires
        for python, platform in itertools.product(recipe.python, recipe.platforms):
            assert builds(recipe.id, python.short, platform), recipe.id
            target = Target(
                str(needs.compute_capability_min or ""),
                "",
                python.short,
                "wsl" if needs.gpu == "required" and platform == "linux-64" else platform,
                str(needs.glibc or ""),
            )
            if platform == "linux-64" or needs.gpu == "none":
                assert contradictions(recipe.id, target) == (), recipe.id


def test_what_a_recipe_states_of_cuda_and_drivers_is_what_the_tables_say() -> None:
    for recipe in RECIPES:
        needs = recipe.requires
        if needs.gpu == "none" or recipe.standing == "asked-only":
            continue
        newest = builds(recipe.id, recipe.python[-1].short, "linux-64")
        numbers = {build.cuda for build in newest}
        assert needs.cuda is not None
        assert needs.cuda.short in {number.short for number in numbers if number}, recipe.id
        least = max(each for number in numbers if number and (each := cuda.minimum_driver(number)))
        assert needs.driver_min is not None
        assert needs.driver_min >= least, recipe.id
        family = cuda.table().minor_version_compatibility.get(str(needs.cuda.major))
        row = cuda.toolkit(needs.cuda)
        on_windows = family.windows if family else row.releases[0].driver_windows if row else None
        assert on_windows is not None
        assert needs.driver_min_windows is not None
        assert needs.driver_min_windows >= on_windows, recipe.id
