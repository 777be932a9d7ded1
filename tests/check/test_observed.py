"""What is seen of each thing that can be required, on recorded machines."""

from __future__ import annotations

import pytest

from kdoctor.check.observed import READ, observed
from kdoctor.check.requirements import SUBJECTS, read_requirement
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.requirement import Requirement
from tests.recorded import checked

DESKTOP = "ubuntu2404-550-rtx3060-tf220"
SERVER = "ubuntu2204-570-2xa100-jax"
NO_DRIVER = "debian12-none-rtx3060-tf220-no-driver"
CPU = "debian12-none-none-tfcpu-docker"


def seen(machine: str, text: str) -> Requirement:
    return observed(read_requirement(text, "--require"), checked(machine).report.facts.sections)


def test_everything_that_can_be_required_can_be_read() -> None:
    assert sorted(READ) == sorted(SUBJECTS)


@pytest.mark.parametrize(
    ("machine", "text", "met", "values"),
    [
        (DESKTOP, "gpu>=1", True, "1"),
        (DESKTOP, "gpu>=2", False, "1"),
        (SERVER, "gpu==2", True, "2"),
        (DESKTOP, "compute_capability>=8.0", True, "8.6"),
        (SERVER, "compute_capability>8.0", False, "8.0"),
        (DESKTOP, "memory>=12GiB", True, "12 GiB"),
        (DESKTOP, "memory>=16GiB", False, "12 GiB"),
        (DESKTOP, "driver>=535", True, "550.120"),
        (DESKTOP, "driver>=560", False, "550.120"),
        (DESKTOP, "driver.cuda>=12.4", True, "12.4"),
        (DESKTOP, "cuda>=12.5,<13", True, "12.9.79"),
        (DESKTOP, "cudnn>=9.3", True, "9.10.2.21"),
        (DESKTOP, "nccl>=2.32", True, "2.32.3"),
        (DESKTOP, "tensorflow~=2.20.0", True, "2.20.0"),
        (DESKTOP, "jax", False, "none"),
        (SERVER, "jax>=0.10", True, "0.10.2"),
        (DESKTOP, "keras>=3", True, "3.12.0"),
        (DESKTOP, "keras.backend==jax", False, "tensorflow"),
        (SERVER, "keras.backend!=tensorflow", True, "jax"),
        (DESKTOP, "python==3.12.*", True, "3.12.3"),
        (DESKTOP, "glibc>=2.31", True, "2.39"),
        (DESKTOP, "os==linux", True, "linux"),
        (DESKTOP, "platform==linux-x86_64", True, "linux-x86_64"),
        ("macos15-none-m2-tf219-metal", "os==macos", True, "macos"),
        ("macos15-none-m2-tf219-metal", "glibc", False, "none"),
        (DESKTOP, "package:numpy<2.2", True, "2.1.3"),
        (DESKTOP, "package:scipy", False, "none"),
        (NO_DRIVER, "gpu", False, "0"),
        (NO_DRIVER, "driver", False, "none"),
        (CPU, "gpu", False, "0"),
        (CPU, "cudnn", False, "none"),
        (CPU, "compute_capability>=8", False, "none"),
    ],
)
def test_a_value_is_read_and_compared(machine: str, text: str, met: bool, values: str) -> None:  # noqa: FBT001
    found = seen(machine, text)
    assert (found.met, found.values, found.unknown) == (met, values, "")


def test_this_kdoctor_is_what_runs() -> None:
    assert seen(DESKTOP, "kdoctor>=0.0.1").met is True


@pytest.mark.parametrize("name", [name for name in SUBJECTS if name != "kdoctor"])
def test_what_was_not_measured_is_undetermined_and_never_unmet(name: str) -> None:
    texts = {"gpu": "gpu", "memory": "memory>=1GiB", "os": "os==linux", "platform": "platform==linux-x86_64"}
    text = texts.get(name, "keras.backend==jax" if name == "keras.backend" else f"{name}>=1")
    nothing = dict.fromkeys(checked(DESKTOP).report.facts.sections, Unknown(reason="denied"))
    for sections in (nothing, {}):
        found = observed(read_requirement(text, "--require"), sections)
        assert (found.met, bool(found.unknown)) == (None, True)


def test_one_gpu_that_is_known_to_be_too_small_decides() -> None:
    sections = dict(checked(SERVER).report.facts.sections)
    assert observed(read_requirement("memory>=64GiB", "x"), sections).met is False


def test_a_gpu_that_does_not_tell_leaves_it_open() -> None:
    sections = {**checked(NO_DRIVER).report.facts.sections}
    found = observed(read_requirement("memory>=8GiB", "x"), sections)
    assert (found.met, found.unknown) == (None, "GA106 [GeForce RTX 3060] does not tell its memory")


def test_without_a_framework_what_cuda_lists_counts() -> None:
    sections = {**checked(SERVER).report.facts.sections, "frameworks": Absent()}
    assert observed(read_requirement("gpu>=2", "x"), sections).values == "2"
