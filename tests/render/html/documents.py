"""The pages that tests look at: machines, a log, a bench of several devices, and the largest that may be met."""

from __future__ import annotations

import functools

import msgspec

from kdoctor.check.from_text import judge, with_primary
from kdoctor.fleet.merge import merge
from kdoctor.fleet.scaling.report import report as scaling
from kdoctor.model.bench import Bench
from kdoctor.model.facts.base import SCHEMA, Answered, Facts
from kdoctor.model.facts.conda import Conda, CondaInstallation
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.fleet import FleetReport
from kdoctor.model.report import REPORT_SCHEMA, Report
from kdoctor.model.scaling import Scaling
from kdoctor.symptoms.read import Reader
from tests.bench.build import run
from tests.fleet import planted
from tests.fleet.simulated import Fleet
from tests.recorded import checked
from tests.render.test_bench import document

BROKEN = "ubuntu2004-450-gtx1050ti-tf114gpu-two-cudas"
HEALTHY = "ubuntu2404-550-rtx3060-tf220"
SHADOWED = "ubuntu2204-550-rtx3060-tf220-old-cudnn-first"
LOG = (
    "TensorFlow version: 2.4.1, Python 3.8.10, cudnn 8.0.5",
    "W dso_loader.cc:64] Could not load dynamic library 'libcudart.so.11.0'; LD_LIBRARY_PATH: /usr/local/cuda-10.1",
    "| NVIDIA-SMI 470.82.01    Driver Version: 470.82.01    CUDA Version: 11.4     |",
    "W gpu_device.cc:1757] Cannot dlopen some GPU libraries. Skipping registering GPU devices...",
    "I cuda_gpu_executor.cc:998] successful NUMA node read from SysFS had negative value (-1), so returning zero",
)


def machine(name: str) -> Report:
    """What kdoctor says of a machine."""
    return checked(name).report


@functools.cache
def log() -> Report:
    """What kdoctor says of a text."""
    reader = Reader(quick=True)
    reader.read("train.log", ["\n".join(LOG).encode()])
    symptoms = reader.symptoms()
    findings = with_primary(judge(symptoms, ()))
    return Report(
        schema=REPORT_SCHEMA,
        kdoctor="0.1.0",
        origin="log",
        primary=findings[0],
        findings=findings,
        outcomes=(),
        facts=Facts(schema=SCHEMA, origin="log", sections={"symptoms": symptoms}),
        seconds=0.1,
    )


def with_sections(report: Report, **sections: Answered) -> Report:
    """The report with other facts."""
    facts = msgspec.structs.replace(report.facts, sections={**report.facts.sections, **sections})
    return msgspec.structs.replace(report, facts=facts)


def crowded() -> Report:
    """A machine with 200 environments and 5,000 packages."""
    site = "/home/user/anaconda3/envs/keras/lib/python3.7/site-packages"
    items = tuple(
        Distribution(name=f"package-{n}", version="1.2.3", location=site, metadata=f"{site}/package_{n}.dist-info")
        for n in range(5000)
    )
    installations = tuple(CondaInstallation(tool="conda", root=f"/opt/environment{n}") for n in range(200))
    conda = Conda(installations=installations)
    return with_sections(machine(BROKEN), distributions=Distributions(items=items), conda=conda)


@functools.cache
def devices() -> Bench:
    """A grid of batches on four devices, and learning curves."""
    runs = []
    for device, fixed, each in (
        ("cpu", 4e-3, 1e-4),
        ("gpu:0", 2e-3, 1e-5),
        ("gpu:1", 2e-3, 1.1e-5),
        ("all", 6e-3, 3e-6),
    ):
        of_device = {"device": device, "devices": 2 if device == "all" else 1}
        runs += [run(fixed + batch * each, batch_size=batch, **of_device) for batch in (1, 10, 100, 320, 1000)]
    for device, rate in (("cpu", 0.7), ("gpu:0", 0.8)):
        losses = tuple(2.2 * rate**epoch for epoch in range(20))
        runs.append(run(0.01, device=device, workload="mnist-mlp", batch_size=100, losses=losses, epochs=20))
    found = document(*runs)
    return msgspec.structs.replace(found, environment={**found.environment, "gpus": "NVIDIA A100, NVIDIA A100"})


@functools.cache
def workers() -> Scaling:
    """Three workers, of which one is slow, and one of their links."""
    fleet = Fleet(speeds=(1.0, 1.5, 1.0), exchange_s=3.0, links=(1e9, 26e6, 1e9))
    return scaling(fleet.workers(), workload="cats-dogs", backend="torch", seconds=90.0)


def fleet(size: int, each: int = 1) -> FleetReport:
    """A fleet in which so many machines have each of the faults that can be planted; none with 0."""
    faults = [*planted.CHANGED, *planted.BROKEN, *planted.LOST, "node-garbage", "node-other-schema"]
    names, of = planted.fleet(size, dict.fromkeys(faults, each) if each else {})
    return merge(planted.answers(names, of))
