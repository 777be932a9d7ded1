"""One machine's report, reduced to what is compared between machines.

Input: the bytes of `kdoctor check --format json`, or of `kdoctor bench --format json`; output: a ``Node``. Only the
sections that count are decoded. Values that machines have in common are kept once, so that ten thousand machines of one
make need little more than their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, Union

import msgspec

from kdoctor.fleet.stragglers import measured
from kdoctor.model.codec import MAX_BYTES, decode_value
from kdoctor.model.facts.base import Absent, Answered, Section, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.facts.system import System
from kdoctor.model.fleet import Answer, Lost, Node, NodeFinding
from kdoctor.model.report import REPORT_SCHEMA

KINDS: Mapping[str, type[Section]] = {
    "system": System,
    "driver": Driver,
    "nvml": Nvml,
    "gpus": Gpus,
    "frameworks": Frameworks,
    "cuda_libraries": CudaLibraries,
    "keras": Keras,
    "interpreter": Interpreter,
    "distributions": Distributions,
}
SAID = 200
MOST_FINDINGS = 200  # of one report
_Value = TypeVar("_Value")
_SWITCH = {True: "on", False: "off", None: ""}
_MIB = 1 << 20


class _Facts(msgspec.Struct, frozen=True):
    sections: dict[str, msgspec.Raw]


class _Report(msgspec.Struct, frozen=True):
    """What is read of a report; the rest is passed over."""

    schema: int
    kdoctor: str
    findings: tuple[NodeFinding, ...]
    facts: _Facts


class _Schema(msgspec.Struct, frozen=True):
    """What tells documents apart; only those of the bench have results."""

    schema: int
    kdoctor: str = ""
    results: msgspec.Raw = msgspec.Raw()


def _decoder(kind: type[Section]) -> msgspec.json.Decoder[Answered]:
    return msgspec.json.Decoder(Union[kind, Absent, Unknown], dec_hook=decode_value)  # noqa: UP007  read at run time


class Reader:
    """Reads one report after the other and keeps one copy of what several of them say."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._whole = msgspec.json.Decoder(_Report)
        self._sections = {name: _decoder(kind) for name, kind in KINDS.items()}
        self._known: dict[object, object] = {}

    def node(self, answer: Answer) -> Node:
        """The machine that answered so."""
        if answer.lost is not None:
            return Node(name=answer.node, lost=answer.lost, said=answer.said[:SAID])
        if len(answer.report) > MAX_BYTES:
            return _lost(answer, "garbage", f"the answer is larger than {MAX_BYTES >> 20} MB")
        try:
            schema = msgspec.json.decode(answer.report, type=_Schema)
            if bytes(schema.results):
                return measured(answer.node, answer.report)
            if schema.schema != REPORT_SCHEMA:
                said = f"kdoctor {schema.kdoctor} writes schema {schema.schema}; {REPORT_SCHEMA} is read here"
                return _lost(answer, "other-schema", said)
            return self._node(answer.node, self._whole.decode(answer.report))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return _lost(answer, "garbage", str(error))

    def _node(self, name: str, report: _Report) -> Node:
        raw = report.facts.sections
        sections = {name: decode.decode(raw[name]) for name, decode in self._sections.items() if name in raw}
        values = {key: value for key, value in (*values_of(sections), ("kdoctor", report.kdoctor)) if value}
        findings = report.findings[:MOST_FINDINGS]
        distributions = sections.get("distributions")
        packages = (
            {item.name: item.version for item in reversed(distributions.items)}
            if isinstance(distributions, Distributions)
            else {}
        )
        return Node(
            name=name,
            values=self._once(tuple(values.items()), values),
            packages=self._once(tuple(sorted(packages.items())), packages),
            findings=self._once(findings, findings),
        )

    def _once(self, key: object, value: _Value) -> _Value:
        kept: _Value = self._known.setdefault((type(value), key), value)  # type: ignore[assignment]  # of the key's type
        return kept


def _lost(answer: Answer, lost: Lost, said: str) -> Node:
    return Node(name=answer.node, lost=lost, said=said[:SAID])


def values_of(sections: Mapping[str, Answered]) -> Iterator[tuple[str, str]]:
    """Property and value, in the words of knowledge/fleet.toml; "" where it is unknown."""
    system, driver, nvml = sections.get("system"), sections.get("driver"), sections.get("nvml")
    if isinstance(system, System):
        yield "kernel", system.kernel
        yield "system", system.distribution or system.os
    release = (driver.release if isinstance(driver, Driver) else None) or (
        nvml.driver_release if isinstance(nvml, Nvml) else None
    )
    yield "driver", str(release) if release else "none" if isinstance(driver, Absent) else ""
    if isinstance(driver, Driver):
        yield "driver_flavour", driver.flavour
    yield "gpus", _gpus(sections.get("gpus"))
    if isinstance(nvml, Nvml):
        yield from _devices([device for device in nvml.devices if not device.error_code])
    yield from _software(sections)


def _gpus(gpus: Answered | None) -> str:
    """The GPUs by the names that the driver gives: the PCI database has others, and a dead driver is no difference."""
    if isinstance(gpus, Absent):
        return "none"
    if not isinstance(gpus, Gpus) or any("nvml" not in gpu.seen_by for gpu in gpus.nvidia):
        return ""
    return _counted(gpu.name or f"{gpu.vendor} GPU" for gpu in gpus.items)


def _devices(devices: list[NvmlDevice]) -> Iterator[tuple[str, str]]:
    """What the GPUs of a machine have in common."""
    yield "memory", _alike(f"{of / _MIB:.0f} MiB" if (of := gpu.memory_total_bytes) else "" for gpu in devices)
    yield "mig", _alike(_SWITCH[gpu.mig_enabled] for gpu in devices)
    yield "ecc", _alike(_SWITCH[gpu.ecc_enabled] for gpu in devices)
    yield "persistence", _alike(_SWITCH[gpu.persistence] for gpu in devices)
    yield "compute_mode", _alike(gpu.compute_mode for gpu in devices)
    yield "pcie_width", _alike(f"x{gpu.pcie_width}" if gpu.pcie_width else "" for gpu in devices)


def _software(sections: Mapping[str, Answered]) -> Iterator[tuple[str, str]]:
    frameworks, keras = sections.get("frameworks"), sections.get("keras")
    libraries, interpreter = sections.get("cuda_libraries"), sections.get("interpreter")
    if isinstance(interpreter, Interpreter):
        yield "python", str(interpreter.version or "")
    if isinstance(keras, Keras):
        yield "keras", f"{keras.version or keras.tf_keras or 'inside TensorFlow'}, backend {keras.backend}"
    builds = [build for build in frameworks.builds if build.active] if isinstance(frameworks, Frameworks) else []
    for build in builds[:1]:
        yield "framework", f"{build.distribution} {build.version}"
        yield "cuda", str(build.cuda or "")
        search = libraries.get(build.framework) if isinstance(libraries, CudaLibraries) else None
        for item in (*search.libraries, *search.linked) if search is not None else ():
            stem = item.soname.partition(".so")[0].removeprefix("lib")
            if stem in {"cudnn", "nccl"} and item.state == "opens":
                yield stem, item.version


def _alike(values: Iterable[str]) -> str:
    """The value of all, or each with its number: "x16", "7 x x16, 1 x x8"; "" where one is unknown."""
    found = set(kept := list(values))
    return kept[0] if len(found) == 1 else _counted(kept)


def _counted(values: Iterable[str]) -> str:
    """Equal values once with their number: "8 x NVIDIA H100"; "" where one is unknown."""
    counts = Counter(values)
    return "" if "" in counts else ", ".join(f"{number} x {value}" for value, number in counts.most_common())
