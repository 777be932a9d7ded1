"""Whether the tables are sound: complete, ordered, sourced and consistent with each other.

Input: the tables, those shipped unless given; output: one sentence per problem, none when all is well. It does not
judge whether a fact is true: ``scripts/update-knowledge`` compares with the package index.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from kdoctor.knowledge.all_tables import Tables, shipped
from kdoctor.knowledge.release_invariants import release_problems

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

_OUTSIDE_PARENTHESES = re.compile(r"\\.|\[[^\]]*\]|\([^()]*\)")


def problems(tables: Tables | None = None, *, load: Callable[[], Tables] = shipped) -> tuple[str, ...]:
    """What is wrong with the tables, by default those that ``load`` gives; empty when all is well."""
    if tables is None:
        try:
            tables = load()
        except (msgspec.ValidationError, ValueError) as error:
            return (f"a table does not load: {error}",)
    checks = (_sources, release_problems, _drivers, _components, _cudnn, _gpus, _signatures)
    return tuple(sentence for check in checks for sentence in check(tables))


def stale(tables: Tables, today: dt.date, max_age_days: int = 183) -> tuple[str, ...]:
    """The tables whose newest reading is older than ``max_age_days``, one sentence each."""
    return tuple(
        f"{name}: newest reading is of {table.read}, {(today - table.read).days} days ago"
        for name, table in tables.named()
        if (today - table.read).days > max_age_days
    )


def _sources(tables: Tables) -> Iterator[str]:
    for name, table in tables.named():
        yield from _repeated(f"{name}: source", (source.id for source in table.sources))
        if not table.sources:
            yield f"{name}: no source"
        elif table.read != max(source.read for source in table.sources):
            yield f"{name}: read = {table.read} is not the newest reading of its sources"
        if any(not source.what.strip() for source in table.sources):
            yield f"{name}: a source says nothing"
    if tables.tensorflow.gpu_libraries.source not in {source.id for source in tables.tensorflow.sources}:
        yield "tensorflow: gpu_libraries names a source that is not listed"


def _drivers(tables: Tables) -> Iterator[str]:
    toolkits = tables.cuda.toolkits
    for older, newer in pairwise(toolkits):
        if newer.min_driver < older.min_driver:
            yield f"cuda {newer.version}: minimum driver {newer.min_driver} is older than that of {older.version}"
        if newer.full_driver and older.full_driver and newer.full_driver < older.full_driver:
            yield f"cuda {newer.version}: full driver {newer.full_driver} is older than that of {older.version}"
    for row in toolkits:
        family = tables.cuda.minor_version_compatibility.get(str(row.version.major))
        expected = family.linux if family else row.full_driver
        if row.min_driver != expected:
            yield f"cuda {row.version}: minimum driver {row.min_driver}, but {expected} by minor version compatibility"
    branches = tables.cuda.driver_branch
    for before, after in pairwise(branches):
        if after.branch <= before.branch or after.cuda < before.cuda:
            yield f"cuda: driver branches {before.branch} and {after.branch} are not in order"
    known = {row.version for row in toolkits} | set(tables.cuda.not_released.versions)
    for branch in branches:
        if branch.cuda not in known:
            yield f"cuda: driver branch {branch.branch} supports {branch.cuda}, which is not listed"


def _components(tables: Tables) -> Iterator[str]:
    rows = {row.id: row for row in tables.cuda.components}
    yield from _repeated("cuda: component", (row.id for row in tables.cuda.components))
    yield from _repeated("cuda: stem", (stem for row in tables.cuda.components for stem in row.stems))
    for row in rows.values():
        if set(row.pip) != set(row.directory):
            yield f"cuda: component {row.id}: pip and directory are not for the same CUDA majors"
    for toolkit in tables.cuda.toolkits:
        for name, soname in toolkit.soname.items():
            if name not in rows or soname.stem not in rows[name].stems:
                yield f"cuda {toolkit.version}: no component {name} with {soname}"
            elif (
                toolkit.version.major >= min(map(int, rows[name].pip))
                and str(toolkit.version.major) not in rows[name].pip
            ):
                yield f"cuda {toolkit.version}: no pip package brings {soname}"
    for name in tables.tensorflow.gpu_libraries.components:
        if name not in rows:
            yield f"tensorflow: opens {name}, which is no component of cuda.toml"
    stems = rows["cudnn"].stems if "cudnn" in rows else ()
    for names in (*tables.cudnn.split_libraries.values(), *tables.cudnn.split_libraries_extra.values()):
        yield from (f"cudnn: no component has {soname}" for soname in names if soname.stem not in stems)


def _cudnn(tables: Tables) -> Iterator[str]:
    yield from _repeated("cudnn: bad", (row.id for row in tables.cudnn.bad))
    for bad in tables.cudnn.bad:
        if bad.from_version and bad.before_version and bad.before_version <= bad.from_version:
            yield f"cudnn: {bad.id}: the range is empty"
        limit = bad.below_compute_capability
        for row in tables.cudnn.rows:
            if limit is not None and bad.covers(row.version) != (row.min_cc >= limit):
                yield f"cudnn: {bad.id} and min_cc {row.min_cc} of {row.version} contradict each other"
    for row in tables.cudnn.rows:
        if row.soname not in tables.cudnn.split_libraries.get(str(row.version.major), ()):
            yield f"cudnn {row.version}: {row.soname} is not among the libraries of its major version"
        for package in (*row.pypi_cu11, *row.pypi_cu12, *row.pypi_cu13):
            if package.short != row.version.short:
                yield f"cudnn {row.version}: {package} is another minor version"


def _gpus(tables: Tables) -> Iterator[str]:
    architectures = {row.name: row for row in tables.gpus.architectures}
    yield from _repeated("gpus: id", (row.id for row in tables.gpus.models))
    yield from _repeated("gpus: chip", (row.prefix for row in tables.gpus.chips))
    yield from _repeated("gpus: capability", (cc for row in architectures.values() for cc in row.compute_capabilities))
    for chip in tables.gpus.chips:
        if chip.architecture not in architectures:
            yield f"gpus: chip {chip.prefix}: no architecture {chip.architecture}"
    for model in tables.gpus.models:
        architecture = architectures.get(model.architecture)
        if architecture is None or model.compute_capability not in architecture.compute_capabilities:
            yield f"gpus: {model.id}: {model.compute_capability} is not {model.architecture}"
        if _compiled(model.name_regex) is None:
            yield f"gpus: {model.id}: the regex does not compile"
        elif "|" in _without_groups(model.name_regex):
            yield f"gpus: {model.id}: alternatives belong in parentheses"


def _signatures(tables: Tables) -> Iterator[str]:
    rows = tables.signatures.signatures
    ids = {row.id for row in rows}
    yield from _repeated("signatures: id", (row.id for row in rows))
    for row in rows:
        regex = _compiled(row.regex)
        if regex is None:
            yield f"signatures: {row.id}: the regex does not compile"
        elif not any(regex.search(line) for line in row.sample.splitlines()):
            yield f"signatures: {row.id}: the regex does not match the sample"
        if row.harmless != (row.effect == "harmless"):
            yield f"signatures: {row.id}: harmless and effect contradict each other"
        for other in row.overrides:
            if other not in ids:
                yield f"signatures: {row.id}: overrides {other}, which does not exist"
        if not row.refs:
            yield f"signatures: {row.id}: no source"


def _repeated(what: str, names: Iterable[object]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} {name} is listed {count} times"


def _compiled(regex: str) -> re.Pattern[str] | None:
    try:
        return re.compile(regex)
    except re.error:
        return None


def _without_groups(regex: str) -> str:
    while True:
        shorter = _OUTSIDE_PARENTHESES.sub("", regex)
        if shorter == regex:
            return regex
        regex = shorter
