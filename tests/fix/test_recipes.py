"""The shipped recipes are whole and sourced; a file that is no recipe is refused with line and reason."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kdoctor.fix import by_hand
from kdoctor.fix.contents import build_of, ranges
from kdoctor.fix.reasons import packages
from kdoctor.fix.recipes import all_recipes, named, parse, shipped
from kdoctor.knowledge import conda
from kdoctor.model.recipe import Recipe
from kdoctor.model.trouble import Trouble
from tests.fix.oracle import FOLDER

RECIPES = shipped()
UV = os.environ.get("KDOCTOR_UV", "uv")
UV_PLATFORMS = {
    "linux-64": "x86_64-manylinux_2_28",
    "linux-aarch64": "aarch64-manylinux_2_28",
    "osx-arm64": "aarch64-apple-darwin",
    "win-64": "x86_64-pc-windows-msvc",
}
each_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.id for recipe in RECIPES])
SHIPPED = (FOLDER / "tf220-cuda12.toml").read_text(encoding="utf-8").partition("\n[[tried]]")[0]
GOOD = SHIPPED.replace("preference =", 'untried = "It is made up."\npreference =', 1)
LINE = GOOD[: GOOD.index("driver_min =")].count("\n") + 1


@each_recipe
def test_a_file_is_named_by_its_id(recipe: Recipe) -> None:
    assert (FOLDER / f"{recipe.id}.toml").is_file()
    assert len(recipe.id) <= 24


@each_recipe
def test_title_and_sources_are_there(recipe: Recipe) -> None:
    assert len(recipe.title) <= 80
    assert recipe.about.strip().endswith(".")
    assert all(source.what and source.read <= dt.date(2100, 1, 1) for source in recipe.sources)
    assert list(recipe.python) == sorted(recipe.python)


@each_recipe
def test_every_package_has_its_reason(recipe: Recipe) -> None:
    assert [name for name in packages(recipe) if not recipe.reasons.get(name, "").strip().endswith(".")] == []


@each_recipe
def test_a_gpu_recipe_states_its_limits(recipe: Recipe) -> None:
    needs = recipe.requires
    if needs.gpu == "required" and recipe.standing != "asked-only":
        assert None not in (needs.cuda, needs.driver_min, needs.driver_min_windows, needs.glibc)
        assert None not in (needs.compute_capability_min, needs.compute_capability_max)


@each_recipe
def test_a_pip_framework_is_pinned_exactly(recipe: Recipe) -> None:
    for spec in recipe.pip.specs if recipe.pip else ():
        requirement = Requirement(spec)
        if requirement.name.startswith(("tensorflow", "jax", "torch", "keras", "tf-keras")):
            assert [one.operator for one in requirement.specifier] == ["=="], spec


@each_recipe
def test_conda_builds_are_named_and_known(recipe: Recipe) -> None:
    """A GPU recipe asks for a CUDA build: the solver would take a CPU build in silence."""
    for spec in recipe.conda.specs if recipe.conda and "conda-forge" in recipe.conda.channels else ():
        name, version, build = build_of(spec)
        if name == "tensorflow":
            assert build.startswith("cpu" if recipe.requires.gpu == "none" else "cuda")
            known = {each.partition("py")[0] for row in conda.releases() for each in row.build_prefix}
            assert any(prefix.startswith(build.removesuffix("*").rstrip("_")) for prefix in known), spec
            assert any(str(row.version) == version for row in conda.releases()), spec


@each_recipe
def test_only_a_recipe_that_is_asked_for_uses_defaults(recipe: Recipe) -> None:
    channels = recipe.conda.channels if recipe.conda else ()
    assert (set(channels) - {"conda-forge"} != set()) == (recipe.standing == "asked-only")


@each_recipe
def test_the_commands_are_those_of_a_shell(recipe: Recipe) -> None:
    for command in by_hand.commands(recipe, None):
        subprocess.run(["/bin/sh", "-n", "-c", command], check=True, timeout=10)
        assert "{" not in command


@each_recipe
def test_a_recipe_for_another_backend_than_the_default_sets_it(recipe: Recipe) -> None:
    if recipe.backend != "tensorflow":
        assert recipe.environment["KERAS_BACKEND"] == recipe.backend
    assert recipe.backend in ranges(recipe, recipe.python[-1], "linux-64") or recipe.standing == "asked-only"


def test_what_stories_and_generations_ask_for_is_there() -> None:
    ids = {recipe.id for recipe in RECIPES}
    assert {"keras-gpu", "tf-wsl2", "tf115-cuda100-conda", "tfkeras220-cuda12", "tf214-kepler-conda"} <= ids
    assert {(recipe.backend, recipe.method) for recipe in RECIPES if recipe.requires.gpu == "none"} == {
        ("tensorflow", "pip"),
        ("tensorflow", "conda"),
        ("jax", "pip"),
    }


BAD = {
    "not-toml": ("[requires", "= 1", "line"),
    "misspelt-key": ("driver_min =", "driver_mni =", f"line {LINE}:"),
    "not-a-version": ('"525.60.13"', '"new"', f"line {LINE}:"),
    "a-number": ('"525.60.13"', "525", f"line {LINE}:"),
    "no-title": ("title =", "# title =", "title"),
    "bad-id": ('id = "tf220-cuda12"', 'id = "../x"', "line 1: the id"),
    "unknown-platform": ('["linux-64"]', '["amiga"]', "platforms"),
    "no-python": ('python = ["3.9", "3.10", "3.11", "3.12", "3.13"]', "python = []", "`python` is empty"),
    "a-patch": ('"3.9", "3.10"', '"3.9.1", "3.10"', "minor versions"),
    "bad-requirement": ("tensorflow[and-cuda]==2.20.0", "--index-url http://x", "not a requirement"),
    "a-direct-url": ("tensorflow[and-cuda]==2.20.0", "x @ http://x/y.whl", "not a requirement"),
    "nothing-installed": ("[pip]\n", "[environment2]\n", "environment2"),
    "bad-variable": ('KERAS_BACKEND = "tensorflow"', '"A B" = "tensorflow"', "not a variable"),
    "control-character": ('KERAS_BACKEND = "tensorflow"', 'KERAS_BACKEND = "a\\u001bb"', "not a variable"),
    "bad-module": ('imports = ["keras",', 'imports = ["import os",', "not a module"),
    "gpu-not-verified": ('devices = "gpu"', 'devices = "cpu"', "verify.devices"),
    "untold": ("untried =", "#", "untried"),
    "a-reason-for-nothing": ("[reasons]", '[reasons]\nnumpy = "It is old."', "is about 'numpy'"),
    "a-reason-of-two-lines": ('[reasons]\ntensorflow = "', '[reasons]\ntensorflow = "a\\n', "not one line"),
    "nested": ("notes = [", f"notes = {'[' * 3000}", "nested"),
}


@pytest.mark.parametrize(("old", "new", "word"), BAD.values(), ids=BAD)
def test_a_recipe_with_an_error_is_refused_with_its_place(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in GOOD
    path = tmp_path / "own.toml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(Trouble) as caught:
        all_recipes((str(path),))
    assert caught.value.code == 3
    assert str(path) in caught.value.message
    assert word in caught.value.message


@pytest.mark.parametrize("link", ["../x", "/etc/x", "lib/../../x"])
def test_a_link_out_of_the_environment_is_refused(link: str) -> None:
    with pytest.raises(Trouble, match="leaves the environment"):
        parse(f'{GOOD}\n[links]\n"{link}" = "y"\n', "own.toml")


def test_a_link_of_characters_that_cannot_be_shown_is_refused() -> None:
    with pytest.raises(Trouble, match="cannot be shown"):
        parse(f'{GOOD}\n[links]\n"lib/x" = "y\\nRUN evil"\n', "own.toml")


def test_a_link_to_a_target_outside_is_refused() -> None:
    with pytest.raises(Trouble, match="leaves the environment"):
        parse(f'{GOOD}\n[links]\n"lib/x" = "../../y"\n', "own.toml")


@pytest.mark.parametrize("spec", ["", "-c evil", "x;y\n", "Bad name"])
def test_a_conda_spec_that_is_none_is_refused(spec: str) -> None:
    text = (FOLDER / "tf219-cuda12-conda.toml").read_text(encoding="utf-8").replace('"cudnn<9.11"', f"'''{spec}'''")
    with pytest.raises(Trouble, match="not a conda match spec"):
        parse(text, "own.toml")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    large.write_text("#" * 300_000)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# \xe9")
    fifo = tmp_path / "fifo.toml"
    os.mkfifo(fifo)
    empty = tmp_path / "empty"
    empty.mkdir()
    expected = {
        tmp_path / "missing.toml": "does not exist",
        large: "larger than",
        latin: "can't decode",
        fifo: "not a regular file",
        empty: "no .toml file",
        Path("/dev/zero"): "not a regular file",
        tmp_path / ("x" * 300): "too long",
        tmp_path / "a\0b": "does not exist|null",
    }
    for path, word in expected.items():
        with pytest.raises(Trouble, match=word) as caught:
            all_recipes((str(path),))
        assert caught.value.code == 3


def test_own_recipes_come_from_a_file_or_a_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(GOOD.replace('id = "tf220-cuda12"', f'id = "{name}"', 1))
    assert {"one", "two"} <= {recipe.id for recipe in all_recipes((str(tmp_path),))}
    assert "two" not in {recipe.id for recipe in all_recipes((str(tmp_path / "one.toml"),))}


def test_an_id_of_its_own_is_asked_of_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD)
    with pytest.raises(Trouble, match=r"'tf220-cuda12' is taken by kdoctor's own recipe"):
        all_recipes((str(path),))


def test_without_its_own_recipes_kdoctor_says_so(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="kdoctor's own recipes are missing"):
        shipped((tmp_path / "none",))


def test_a_recipe_that_installs_nothing_is_refused() -> None:
    head, _, rest = GOOD.partition("[pip]")
    with pytest.raises(Trouble, match="it installs nothing"):
        parse(head + rest[rest.index("[environment]") :], "own.toml")


def test_a_recipe_of_no_channel_is_refused() -> None:
    with pytest.raises(Trouble, match=r"`conda.channels` is empty"):
        parse(f"{GOOD}\n[conda]\nchannels = []\nspecs = []\n", "own.toml")


def test_match_specs_that_only_a_solver_understands_leave_the_version_open() -> None:
    text = (FOLDER / "tf219-cuda12-conda.toml").read_text(encoding="utf-8").replace('"keras>=3.5"', '"keras 3.5|3.6"')
    recipe = parse(text, "own.toml")
    assert (build_of("keras 3.5|3.6"), str(ranges(recipe, recipe.python[-1], "linux-64").get("keras", ""))) == (
        ("keras 3.5|3.6", "", ""),
        "",
    )
    assert (
        str(
            ranges(
                parse(text.replace("3.5|3.6", ">=3.5|3.6").replace("keras >", "keras>"), "x"),
                recipe.python[-1],
                "linux-64",
            )["keras"]
        )
        == ""
    )


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(Trouble) as caught:
        named(RECIPES, "tf220-cuda13")
    assert (caught.value.code, "tf220-cuda12" in caught.value.hint) == (2, True)


def test_the_commands_quote_what_a_recipe_says() -> None:
    hostile = parse(GOOD.replace('KERAS_BACKEND = "tensorflow"', 'KERAS_BACKEND = "$(touch x){prefix}`id`"'), "x")
    assert by_hand.commands(hostile, None)[-1] == """export KERAS_BACKEND='$(touch x)'"$VIRTUAL_ENV"'`id`'"""


@pytest.mark.wheels
@pytest.mark.parametrize(
    ("recipe", "python", "platform"),
    [
        pytest.param(recipe, python.short, platform, id=f"{recipe.id}-{python.short}-{platform}")
        for recipe in RECIPES
        if recipe.pip
        for python in recipe.python
        for platform in recipe.platforms
    ],
)
def test_a_pip_recipe_resolves_for_every_python_it_claims(recipe: Recipe, python: str, platform: str) -> None:
    """Against the real package index; $KDOCTOR_UV names another uv than the one on PATH."""
    assert recipe.pip is not None
    options = ["--python-version", python, "--python-platform", UV_PLATFORMS[platform], "--only-binary", ":all:"]
    options += [word for name in recipe.pip.from_source for word in ("--no-binary", name)]
    ran = subprocess.run(
        [UV, "pip", "compile", "-q", *options, "-"],
        input="\n".join(recipe.pip.specs),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
