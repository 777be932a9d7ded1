"""A Linux NVIDIA driver was installed inside WSL and hides the one that Windows provides.

What it means: a package (nvidia-driver, cuda, cuda-drivers) put its own libcuda.so.1 into the system's library
directory, and the loader finds it before /usr/lib/wsl/lib.

Why it matters: that library talks to a kernel module which does not exist in WSL; cuInit fails although nvidia-smi of
Windows works.

What to do: remove the Linux driver packages; install only the toolkit (cuda-toolkit) where one is needed at all.
"""

from kdoctor.advice import quoted, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD503",
        cause="wsl-linux-driver-installed",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA CUDA on WSL user guide: do not install a Linux display driver", "2026-11-21"),),
        explains=(
            "wsl-gpu-unavailable",
            "driver-not-loaded",
            "driver-userland-kernel-mismatch",
            "cuda-does-not-initialise",
        ),
    )
)
def wsl_linux_driver_installed(
    wsl: Wsl, driver_search: DriverSearch | Unknown, libcuda: Libcuda | Absent | Unknown
) -> Verdict:
    """The libcuda that is found first is not Windows's."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if not wsl.linux_libraries:
        return Clear("no Linux driver library is installed")
    if isinstance(driver_search, Unknown):
        return Undetermined(driver_search.reason)
    first = driver_search.cuda.realpath or driver_search.cuda.path
    if "/usr/lib/wsl/" in first:
        return Clear(f"{first} is found first")
    if first not in wsl.linux_libraries:
        return NotApplicable(f"{first or 'no libcuda.so.1'} is found first, which no Linux driver put there")
    return Found(
        what=f"A Linux driver is installed inside WSL: {shortened(first, 50)} is found first.",
        why="It looks for a kernel module that WSL does not have; only the library that Windows provides works.",
        remedy=Remedy(
            text="Remove the package that owns the file, and other Linux driver packages; then restart WSL.",
            commands=(
                f"dpkg -S {quoted(first)}",
                "sudo apt purge '^nvidia-driver.*' '^libnvidia-compute.*' cuda-drivers",
                "sudo ldconfig",
            ),
            safety="needs-root",
        ),
        evidence=(
            *(Evidence("libcuda of Linux", path, "system library directory") for path in wsl.linux_libraries[:3]),
            Evidence("libcuda of Windows", wsl.windows_libcuda or "missing", "/usr/lib/wsl/lib"),
        ),
    )
