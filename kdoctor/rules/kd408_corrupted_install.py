"""A package of the environment is broken or half installed.

What it means: a metadata directory is incomplete, pip left a renamed directory behind (its name starts with ~), the
files of a framework are gone while its metadata is there, or two copies of one distribution are installed in the same
place.

Why it matters: imports fail in ways that point elsewhere, and pip believes that everything is installed.

What to do: install the package again, by force and without the cache.
"""

import re

import msgspec
from packaging.version import Version

from kdoctor.advice import pip, quoted, shortened
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

MATTERS = re.compile(r"tensorflow|keras|jax|torch|numpy|nvidia|protobuf|h5py|ensorflow|eras|umpy|orch", re.IGNORECASE)


@rule(
    Declared(
        id="KD408",
        cause="corrupted-install",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("pip: leftovers that start with ~; PyPA core metadata specification", "2026-11-21"),),
    )
)
def corrupted_install(
    distributions: Distributions, tensorflow: Tensorflow | Absent, interpreter: Interpreter
) -> Verdict:
    """Files gone, doubled metadata, or broken directories of packages that matter for GPUs."""
    if isinstance(tensorflow, Tensorflow) and tensorflow.distributions and not tensorflow.directory:
        name, _, version = tensorflow.distributions[0].partition(" ")
        return _found(
            f"{name} {version} is installed by its metadata, but its files are gone.",
            Evidence("files", "no directory tensorflow on the import path", interpreter.path),
            (pip(interpreter, "install", "--force-reinstall", "--no-cache-dir", f"{name}=={version}"),),
        )
    double = doubled(distributions)
    if double:
        first = double[0]
        newest = max(double, key=lambda item: item.release or Version("0"))
        remove = pip(interpreter, "uninstall", "-y", first.name)
        versions = ", ".join(item.version for item in double)
        found = _found(
            f"{first.name} is installed twice in {shortened(first.location, 36)}: {versions}."[:100],
            Evidence(first.name, versions, first.location),
            (remove, remove, pip(interpreter, "install", "--no-deps", f"{first.name}=={newest.version}")),
        )
        return msgspec.structs.replace(found, severity="warning", confidence="likely")
    broken = [text for text in distributions.broken if MATTERS.search(text.rpartition("/")[2])]
    if broken:
        path, _, reason = broken[0].rpartition(": ")
        return _metadata(path, reason, interpreter)
    return Clear("no broken metadata of a package that matters here")


def doubled(distributions: Distributions) -> tuple[Distribution, ...]:
    """Two metadata directories of one framework in one place, with different versions."""
    seen: dict[tuple[str, str], Distribution] = {}
    for item in distributions.items:
        other = seen.setdefault((item.name, item.location), item)
        if other.version != item.version and MATTERS.search(item.name):
            return other, item
    return ()


def _metadata(path: str, reason: str, interpreter: Interpreter) -> Found:
    """A directory that pip left behind is only litter; metadata without content makes pip and imports disagree."""
    name = path.rpartition("/")[2]
    left = name.startswith("~")
    package = name.partition("-")[0].replace("_", "-")
    again = pip(interpreter, "install", "--force-reinstall", "--no-deps", package)
    found = _found(
        f"{shortened(name, 50)}: {reason}."[:100],
        Evidence("broken", reason, path),
        (f"rm -r {quoted(path)}",) if left else (f"rm -r {quoted(path)}", again),
    )
    return msgspec.structs.replace(found, severity="note" if left else "warning", confidence="likely")


def _found(what: str, evidence: Evidence, commands: tuple[str, ...]) -> Found:
    return Found(
        what=what,
        why="Imports fail in ways that point elsewhere, while pip believes that everything is installed.",
        remedy=Remedy(text="Clean up, and install it again.", commands=commands, safety="changes-environment"),
        evidence=(evidence,),
    )
