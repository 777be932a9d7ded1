"""Which versions does a recipe install? Read from its own requirements and match specs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kdoctor.model.recipe import Recipe
from kdoctor.model.version import PythonVersion

MARKERS: Mapping[str, tuple[str, str]] = {
    "linux-64": ("linux", "x86_64"),
    "linux-aarch64": ("linux", "aarch64"),
    "osx-64": ("darwin", "x86_64"),
    "osx-arm64": ("darwin", "arm64"),
    "win-64": ("win32", "AMD64"),
}
SAME = {"tensorflow-cpu": "tensorflow", "tensorflow-gpu": "tensorflow", "pytorch": "torch", "jaxlib": "jax"}
_CONDA = re.compile(r"(?P<name>[a-z0-9_.-]+?)\s*(?:(?P<rest>[=<>!~].*)|\[(?P<keys>.*)\])?\Z")
_KEY = re.compile(r"""(\w+)\s*=\s*['"]([^'"]*)['"]""")


def ranges(recipe: Recipe, python: PythonVersion, platform: str) -> dict[str, SpecifierSet]:
    """Package to the versions that the recipe allows, as that Python on that platform gets them.

    tensorflow-cpu and tensorflow-gpu count as tensorflow, conda's jaxlib as jax and its pytorch as torch.
    """
    found: dict[str, SpecifierSet] = {}
    for name, allowed in (*_pip(recipe, python, platform), *_conda(recipe)):
        found[SAME.get(name, name)] = found.get(SAME.get(name, name), SpecifierSet()) & allowed
    return found


def pip_specs(recipe: Recipe, python: PythonVersion, platform: str) -> tuple[str, ...]:
    """The requirements that apply to that Python and platform, without their markers."""
    return tuple(str(each).partition(";")[0].strip() for each in _holding(recipe, python, platform))


def build_of(spec: str) -> tuple[str, str, str]:
    """Name, version and build of a conda match spec, "" for what it leaves open.

    >>> build_of("tensorflow=2.19.1=cuda12*"), build_of("x[version='2.1',build='cpu*']"), build_of("keras>=3.5")
    (('tensorflow', '2.19.1', 'cuda12*'), ('x', '2.1', 'cpu*'), ('keras', '>=3.5', ''))
    """
    match = _CONDA.match(spec)
    if match is None:
        return spec, "", ""
    if match["keys"] is not None:
        keys = dict(_KEY.findall(match["keys"]))
        return match["name"], keys.get("version", ""), keys.get("build", "")
    rest = match["rest"] or ""
    if not rest.startswith("=") or rest.startswith("=="):
        return match["name"], rest, ""
    version, _, build = rest[1:].partition("=")
    return match["name"], version, build


def _holding(recipe: Recipe, python: PythonVersion, platform: str) -> Iterator[Requirement]:
    system, processor = MARKERS.get(platform, MARKERS["linux-64"])
    environment = {
        "python_version": python.short,
        "python_full_version": f"{python.short}.0",
        "sys_platform": system,
        "platform_machine": processor,
    }
    for spec in recipe.pip.specs if recipe.pip else ():
        requirement = Requirement(spec)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            yield requirement


def _pip(recipe: Recipe, python: PythonVersion, platform: str) -> Iterator[tuple[str, SpecifierSet]]:
    for requirement in _holding(recipe, python, platform):
        yield requirement.name, requirement.specifier


def _conda(recipe: Recipe) -> Iterator[tuple[str, SpecifierSet]]:
    for spec in recipe.conda.specs if recipe.conda else ():
        name, version, _ = build_of(spec)
        try:
            yield name, SpecifierSet(f"=={version}.*" if version[:1].isdigit() else version)
        except InvalidSpecifier:
            yield name, SpecifierSet()
