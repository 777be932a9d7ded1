"""KD302 and KD301: take away TensorFlow packages that wrote over each other, and install the right one anew.

Only these packages are touched (`--no-deps`), by the environment's own pip, or by uv where it has none.
"""

from __future__ import annotations

import csv
import posixpath

from kdoctor.fix.in_place.around import Around, Planned, interpreter_of, why_not_ours
from kdoctor.host import Host, Unreadable, is_directory
from kdoctor.model.change import ByHand, Change, Packages
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow

_CPU = ("-cpu", "-intel", "intel-tensorflow", "-cpu-aws")
_SCHEMES = ("bin", "etc", "include", "share")
_RECORD_LIMIT = 64 << 20


def plan(facts: Facts, around: Around) -> Planned:
    """Uninstall the others, and install the one for GPUs over what they left."""
    interpreter, distributions = interpreter_of(facts), facts.sections.get("distributions")
    tensorflow = facts.sections.get("tensorflow")
    if interpreter is None or not isinstance(distributions, Distributions) or not isinstance(tensorflow, Tensorflow):
        return ByHand("the environment could not be read")
    owners = owners_of(tensorflow, distributions)
    keep = [item for item in owners if not item.name.endswith(_CPU)]
    if len(owners) < 2:  # noqa: PLR2004  it takes two to overlap
        return ByHand("another build with all that it needs is made as a new environment: `kdoctor fix --pip`")
    if len(keep) != 1:
        return ByHand(f"which of {', '.join(item.name for item in owners)} is wanted cannot be told")
    if why := why_not(interpreter, owners, around):
        return ByHand(why)
    packages = packages_of(owners, interpreter, around.host)
    if isinstance(packages, ByHand):
        return packages
    others = tuple(item.name for item in owners if item is not keep[0])
    uv = "" if distributions.get("pip") else around.uv
    if not uv and not distributions.get("pip"):
        return ByHand(f"neither pip is in {interpreter.prefix}, nor is uv at hand")
    commands = commands_for(interpreter.path, keep[0], others, uv)
    removed = tuple(f"-{item.name} {item.version}" for item in owners)
    return Change(
        kind="packages",
        title=f"Remove {', '.join(others)} and install {keep[0].name} {keep[0].version} anew",
        commands=commands,
        packages=packages,
        shown=(f"--- {keep[0].location}", f"+++ {keep[0].location}", *removed, f"+{keep[0].name} {keep[0].version}"),
    )


def owners_of(tensorflow: Tensorflow, distributions: Distributions) -> tuple[Distribution, ...]:
    """The distributions that own site-packages/tensorflow."""
    names = {text.partition(" ")[0] for text in tensorflow.distributions}
    location = tensorflow.directory.rpartition("/")[0]
    return tuple(item for item in distributions.items if item.name in names and item.location == location)


def why_not(interpreter: Interpreter, owners: tuple[Distribution, ...], around: Around) -> str:
    """Why these packages are not kdoctor's to exchange, "" if they are."""
    real = around.host.resolve(interpreter.prefix)
    if around.own_prefix and around.own_prefix == real:
        return "kdoctor runs from this environment and does not change the packages under its own feet"
    if why := why_not_ours(interpreter, around.host):
        return why
    for item in owners:
        place = around.host.resolve(item.location)
        if not isinstance(place, str) or not isinstance(real, str) or not place.startswith(f"{real}/"):
            return f"{item.name} is in {item.location}, outside of {interpreter.prefix}"
        if item.installer == "conda":
            return f"{item.name} was installed by conda, which has to exchange it"
    return ""


def packages_of(owners: tuple[Distribution, ...], interpreter: Interpreter, host: Host) -> Packages | ByHand:
    """All files of the packages, and the directories in which installing can put others."""
    files: dict[str, None] = {}
    roots = []
    for item in owners:
        location = host.resolve(item.location)
        place = location if isinstance(location, str) else item.location
        found = recorded(host, item, place)
        if not found:
            return ByHand(f"{item.metadata}/RECORD cannot be read, so its files are not known")
        files.update(dict.fromkeys(found))
        roots.append(place)
    prefix = host.resolve(interpreter.prefix)
    for name in _SCHEMES:
        root = host.resolve(f"{prefix}/{name}")
        if isinstance(root, str) and is_directory(host, root):
            roots.append(root)
    names = tuple(item.name for item in owners)
    return Packages(names=names, files=tuple(files), roots=tuple(dict.fromkeys(roots)))


def recorded(host: Host, item: Distribution, place: str) -> tuple[str, ...]:
    """The paths in a distribution's RECORD."""
    text = host.read_bytes(f"{item.metadata}/RECORD", limit=_RECORD_LIMIT)
    if isinstance(text, Unreadable):
        return ()
    rows = csv.reader(text.decode("utf-8", "replace").splitlines())
    return tuple(posixpath.normpath(posixpath.join(place, row[0])) for row in rows if row)


def commands_for(python: str, keep: Distribution, others: tuple[str, ...], uv: str) -> tuple[tuple[str, ...], ...]:
    """The two commands, of uv where its path is given."""
    wanted = f"{keep.name}=={keep.version}"
    if uv:
        at = ("--python", python)
        return (
            (uv, "pip", "uninstall", *at, *others),
            (uv, "pip", "install", *at, "--no-deps", "--force-reinstall", wanted),
        )
    pip = (python, "-m", "pip")
    return (
        (*pip, "uninstall", "-y", *others),
        (*pip, "install", "--no-deps", "--force-reinstall", "--no-input", wanted),
    )
