"""Build the fake driver libraries, and say which of them a child process is to find and what they answer.

In: an empty directory and a C compiler. Out: a `Kit`, whose `state` gives the environment variables for a child. They
count only if set before the child starts: the loader reads LD_LIBRARY_PATH once. A library that is not offered is not
hidden either: where the machine has a real driver, the loader goes on to that one (`real_driver`).

The keys of a state, with their defaults; `gpu.KEY` is for all GPUs and `gpuN.KEY` for one:

- `device_count` 1, `cuda_device_count` as `device_count`, `driver_version` 550.54.15, `nvml_version` 12. and that,
  `cuda_driver_version` 12040, `process.PID` the name of a process, `trace` 0;
- `gpu.name`, `uuid`, `cc` 8.0, `mem_total`, `mem_used` 0, `mem_reserved` 0, `procs` and `graphics_procs`
  "PID:BYTES,PID:BYTES", `compute_mode` 0, `persistence` 1, `performance_state` 0, `temp` 35, `util` 0, `util_memory` 0,
  `power_mw`, `power_limit_mw`, `throttle` 0 (a bit mask), `clock_sm` and `clock_sm_max` 1410, `pcie_width`,
  `pcie_width_max`, `pcie_generation`, `pcie_generation_max`, `pci_bus`, `pci_device_id`, `minor`;
- not supported unless given: `gpu.serial`, `mig` with `mig_pending`, `mig_count`, `mig_profile`, `mig_uuid`, and
  `mig1_procs` of the first instance, `ecc` with `ecc_pending`, `ecc_corrected`, `ecc_uncorrected`, `remap_pending` or
  `remap_failed` with `remap_corrected` and `remap_uncorrected`, `retire_pending`, `licensed` (it makes a vGPU of it);
- faults: a function's name without `_v2` or `_v3` (`cuInit`, `nvmlInit`, `gpu1.nvmlDeviceGetHandleByIndex`), with `_v3`
  for the lists of processes of that version alone, or `libcuda.dlopen` and `libnvidia-ml.dlopen`; the value is an error
  code or `hang:SECONDS`, `crash`, `abort`, `exit:CODE`, `spew:TEXT`.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

Driver = Literal["both", "only-libcuda", "only-nvml", "none"]

SOURCES = Path(__file__).parent
LIBCUDA = "libcuda.so.1"
NVML = "libnvidia-ml.so.1"
OFFERED: dict[Driver, tuple[str, ...]] = {
    "both": (LIBCUDA, NVML),
    "only-libcuda": (LIBCUDA,),
    "only-nvml": (NVML,),
    "none": (),
}


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Built libraries: a folder of `directory` for each choice of `Driver`, and the states written so far."""

    directory: Path

    def libraries(self, driver: Driver = "both") -> Path:
        """Name the folder that holds these libraries and no other file."""
        return self.directory / driver

    def state(
        self, lines: Mapping[str, str | int] | None = None, /, *, driver: Driver = "both", **more: str | int
    ) -> dict[str, str]:
        """Write a state; give the variables under which a child finds the libraries and the state.

        Args:
            lines: keys and values; keys without a dot can be given by name instead: `state(device_count=2)`.
            driver: which libraries are offered.
            more: keys and values by name, which win.

        """
        text = "".join(f"{key}={value}\n" for key, value in {**(lines or {}), **more}.items())
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = self.directory / f"{name}.state"
        path.write_text(text)
        return {"LD_LIBRARY_PATH": str(self.libraries(driver)), "KDOCTOR_FAKE_GPU": str(path)}


def compiler() -> str:
    """Find the C compiler, or skip the test that asks."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if found is None:
        pytest.skip("no C compiler (cc, gcc or clang) on PATH to build the fake driver with")
    return found


def real_driver() -> str | None:
    """Say which library of a real driver the loader would find where the fake one is not offered."""
    return ctypes.util.find_library("cuda") or ctypes.util.find_library("nvidia-ml")


def build(directory: Path) -> Kit:
    """Compile both libraries and lay them out, a folder for each choice of which are offered."""
    cc = compiler()
    directory.mkdir(parents=True, exist_ok=True)
    compile_library(cc, "cuda.c", directory / LIBCUDA)
    compile_library(cc, "nvml.c", directory / NVML)
    for driver, sonames in OFFERED.items():
        (directory / driver).mkdir(exist_ok=True)
        for soname in sonames:
            shutil.copy2(directory / soname, directory / driver / soname)
    return Kit(directory=directory)


def compile_library(cc: str, source: str, target: Path) -> None:
    """Compile one library with its soname; warnings are errors."""
    library = target.name.partition(".so")[0]
    command = (
        *(cc, "-std=gnu11", "-O1", "-fPIC", "-shared", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"),
        *(f'-DLIBRARY="{library}"', f"-Wl,-soname,{target.name}", "-o", str(target)),
        *(str(SOURCES / source), str(SOURCES / "state.c"), "-ldl"),
    )
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
