"""Reports of a fleet with faults planted in some of them, deterministically; also for scripts/measure-fleet."""

from __future__ import annotations

import functools
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from kdoctor import __version__
from kdoctor.model.fleet import Answer, Lost

TREE = Path(__file__).resolve().parents[2]
HEALTHY = "rocky9-550-2xh100-tf220"
BROKEN = {
    "driver-userland-kernel-mismatch": "ubuntu2204-535-rtx3090-tf220-driver-mismatch",
    "gpu-hardware-fault": "ubuntu2204-550-2xrtx3090-tf220-gpu-lost",
}
LOST: Mapping[str, Lost] = {"node-hung": "hung", "node-died": "died", "node-refused": "refused"}
CHANGED: Mapping[str, tuple[bytes, bytes]] = {
    "driver-differs": (b"550.127.05", b"550.54.15"),
    "kernel-differs": (b"5.14.0-427.13.1", b"5.14.0-362.8.1"),
    "cudnn-differs": (b"9.10.2.21", b"9.8.0.87"),
    "framework-differs": (b'"version": "2.20.0"', b'"version": "2.19.0"'),
    "keras-differs": (b'"backend": "tensorflow"', b'"backend": "jax"'),
    "pcie-width-differs": (b'"pcie_width": 16', b'"pcie_width": 4'),
    "persistence-differs": (b'"persistence": false', b'"persistence": true'),
    "memory-differs": (b'"memory_total_bytes": ', b'"memory_total_bytes": 1'),
    "packages-differs": (b'"version": "2.1.3"', b'"version": "2.2.6"'),
    "kdoctor-differs": (b'"kdoctor": "%s"' % __version__.encode(), b'"kdoctor": "0.0.1"'),
}


@functools.cache
def report(machine: str) -> bytes:
    """The report on a machine under tests/machines, as its kdoctor would write it."""
    command = [sys.executable, "-m", "kdoctor", "check", "--sysroot", f"tests/machines/{machine}", "--format", "json"]
    return subprocess.run(command, cwd=TREE, capture_output=True, check=False, timeout=120).stdout


def fleet(size: int, faults: Mapping[str, int], seed: int = 0) -> tuple[list[str], dict[str, set[str]]]:
    """Names of the machines, and fault to the machines that have it; no machine has two."""
    names = [f"gpu{number:05}" for number in range(size)]
    chosen = random.Random(seed).sample(names, sum(faults.values()))  # noqa: S311  a reproducible choice
    planted: dict[str, set[str]] = {}
    for fault, number in faults.items():
        planted[fault], chosen = set(chosen[:number]), chosen[number:]
    return names, planted


def answers(names: list[str], planted: Mapping[str, set[str]]) -> Iterator[Answer]:
    """What each machine answers; every report has something of its own, as real ones have."""
    fault_of = {name: fault for fault, machines in planted.items() for name in machines}
    for number, name in enumerate(names):
        fault = fault_of.get(name, "")
        if fault in LOST:
            yield Answer(node=name, lost=LOST[fault], said="planted")
        elif fault == "node-garbage":
            yield Answer(node=name, report=report(HEALTHY)[: 1000 + number])
        elif fault == "node-other-schema":
            yield Answer(node=name, report=report(HEALTHY).replace(b'"schema": 1,', b'"schema": 99,', 1))
        else:
            data = report(BROKEN.get(fault, HEALTHY))
            if fault in CHANGED:
                old, new = CHANGED[fault]
                assert old in data, fault
                data = data.replace(old, new)
            yield Answer(node=name, report=data.replace(b'"seconds": ', b'"seconds": %d' % (number % 9 + 1), 1))
