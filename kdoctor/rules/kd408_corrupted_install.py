"""A package of the environment is broken or half installed.

What it means: a metadata directory is incomplete, pip left a renamed directory behind (its name starts with ~), the
files of a framework are gone while its metadata is there, or two copies of one distribution are installed in the same
place.

Why it matters: imports fail in ways that point elsewhere, and pip believes that everything is installed.

What to do: install the package again, by force and without the cache.
"""

from __future__ import annotations

import re

import msgspec

from kdoctor.advice import pip, quoted
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
            pip(interpreter, "install", "--force-reinstall", "--no-cache-dir", f"{name}=={version}"),
        )
    double = doubled(distributions)
    if double:
        first = double[0]
        versions = ", ".join(item.version for item in double)
        return _found(
            f"{first.name} is installed twice in {first.location}: {versions}."[:100],
            Evidence(first.name, versions, first.location),
            pip(interpreter, "install", "--force-reinstall", "--no-deps", first.name),
        )
    broken = [text for text in distributions.broken if MATTERS.search(text.rpartition("/")[2])]
    if broken:
        path, _, reason = broken[0].partition(": ")
        left = "~" in path.rpartition("/")[2]
        command = f"rm -r {quoted(path)}" if left else pip(interpreter, "check")
        found = _found(f"{path.rpartition('/')[2]}: {reason}.", Evidence("broken", reason, path), command)
        return msgspec.structs.replace(found, severity="note") if left else found
    return Clear("no broken metadata of a package that matters here")


def doubled(distributions: Distributions) -> tuple[Distribution, ...]:
    """Two metadata directories of one framework in one place, with different versions."""
    seen: dict[tuple[str, str], Distribution] = {}
    for item in distributions.items:
        other = seen.setdefault((item.name, item.location), item)
        if other.version != item.version and MATTERS.search(item.name):
            return other, item
    return ()


def _found(what: str, evidence: Evidence, command: str) -> Found:
    return Found(
        what=what,
        why="Imports fail in ways that point elsewhere, while pip believes that everything is installed.",
        remedy=Remedy(text="Install it again.", commands=(command,), safety="changes-environment"),
        evidence=(evidence,),
    )

