"""The NVIDIA driver's kernel module is not loaded.

What it means: files of the driver are there, and no `nvidia` module runs in the kernel. Usual reasons: the module was
not built for the running kernel (DKMS after a kernel update), nouveau holds the card, Secure Boot refuses an unsigned
module, or the machine has not been restarted since the installation. In a container it is the host's kernel that has
no such module: nothing inside can load it.

Why it matters: the driver library cannot reach the card (CUDA_ERROR_NO_DEVICE, nvidia-smi "couldn't communicate with
the NVIDIA driver"), and every framework falls back to the CPU.

What to do: look why it is not loaded (the command below says), mend that, and load it or restart.
"""

from kdoctor.advice import driver_commands, rebuild_commands, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.system import System
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

BLACKLIST = (
    "printf 'blacklist nouveau\\noptions nouveau modeset=0\\n' | sudo tee /etc/modprobe.d/blacklist-nouveau.conf"
)


@rule(
    Declared(
        id="KD103",
        cause="driver-not-loaded",
        layer="driver-loaded",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "nvidia-smi error 9 and cuInit 100 with the 535 user-space driver and no module (own run)", "2026-11-21"
            ),
        ),
        explains=(
            "gpu-device-permission",
            "driver-needs-reload",
            "driver-libraries-not-found",
            "cuda-does-not-initialise",
        ),
    )
)
def driver_not_loaded(
    driver: Driver | Absent,
    gpus: Gpus,
    pci: Pci | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    container: Container | Absent,
    wsl: Wsl | Absent,
    system: System,
) -> Verdict:
    """An installed driver without a module, unless a live answer shows that it works."""
    if isinstance(driver, Driver) and driver.module_loaded:
        return Clear(f"the module is loaded{f' ({driver.release})' if driver.release else ''}")
    if not gpus.nvidia:
        return NotApplicable("there is no NVIDIA GPU")
    if isinstance(wsl, Wsl):
        return NotApplicable("under WSL the driver is that of Windows")
    bound = bound_modules(pci)
    if bound == {"vfio-pci"}:
        return NotApplicable("the card is bound to vfio-pci, for a virtual machine")
    if "nvidia" in bound:
        return Clear("the module nvidia drives the card")
    if (isinstance(nvml, Nvml) and nvml.devices) or (isinstance(libcuda, Libcuda) and libcuda.devices):
        return Clear("the driver answers and lists a GPU")
    if isinstance(container, Container):
        return _on_the_host(container, gpus, bound)
    if isinstance(driver, Absent) or not is_installed(driver):
        return NotApplicable("no driver is installed")
    reason, text, commands = why_not_loaded(driver, system)
    return Found(
        what=f"The NVIDIA driver is installed but its kernel module is not loaded: {reason}.",
        why="The driver library cannot reach the card without its module: no framework lists a GPU.",
        remedy=Remedy(text=text, commands=commands, safety="needs-root"),
        evidence=_evidence(driver, gpus, system, nvml),
    )


def bound_modules(pci: Pci | Absent | Unknown) -> set[str]:
    """The kernel modules that drive the NVIDIA cards; "" for a card without one."""
    return {item.kernel_driver for item in pci.devices if item.vendor == "NVIDIA"} if isinstance(pci, Pci) else set()


def is_installed(driver: Driver) -> bool:
    """Whether files of a driver are on disk; a toolkit's stub and cuda-compat are none."""
    libraries = any(library.kind == "driver" for library in driver.libraries)
    return bool(libraries or driver.modules_on_disk or driver.modules_for_other_kernels or driver.dkms)


def why_not_loaded(driver: Driver, system: System) -> tuple[str, str, tuple[str, ...]]:
    """The reason that the facts show, what to do, and commands."""
    if driver.nouveau_loaded:
        text = "Keep nouveau from loading, rebuild the initial RAM disk and restart."
        return (
            "nouveau holds the card",
            text,
            (BLACKLIST, "sudo update-initramfs -u || sudo dracut --force", "sudo reboot"),
        )
    if driver.modules_on_disk and system.secure_boot:
        text = (
            "Secure Boot loads signed modules only: enrol the module's key, or switch Secure Boot off in the firmware."
        )
        return "Secure Boot may refuse it", text, ("sudo modprobe nvidia; sudo dmesg | tail -20", "mokutil --sb-state")
    if driver.modules_on_disk:
        text = "Load the module and read what the kernel says if it refuses."
        return "the reason is not in the files", text, ("sudo modprobe nvidia; sudo dmesg | tail -20",)
    if driver.modules_for_other_kernels or driver.dkms:
        text = "Build the module for the running kernel, then load it."
        return "there is none for this kernel", text, rebuild_commands(system)
    text = "Install the whole driver: only its libraries are here, no module for any kernel was found."
    return "only its libraries are there", text, driver_commands(system)


def _on_the_host(container: Container, gpus: Gpus, bound: set[str]) -> Found:
    others = ", ".join(sorted(bound - {""})) or "none"
    return Found(
        what="The host of this container has an NVIDIA GPU, but its kernel has no NVIDIA module loaded.",
        why="A container uses the driver of its host; without it no option that starts the container passes a GPU in.",
        remedy=Remedy(
            text="On the host: install or load the NVIDIA driver until `nvidia-smi` lists the GPU, then start again.",
            safety="needs-root",
        ),
        evidence=(
            Evidence("container", container.kind, ", ".join(container.signs)),
            Evidence("module loaded", "no", "/sys/module/nvidia"),
            Evidence("modules that drive the card", others, "/sys/bus/pci/devices"),
            *seen_gpus(gpus),
        ),
        confidence="likely",
    )


def _evidence(driver: Driver, gpus: Gpus, system: System, nvml: Nvml | Absent | Unknown) -> tuple[Evidence, ...]:
    found = [Evidence("module loaded", "no", "/sys/module/nvidia")]
    found += [Evidence("library", str(item.release or item.soname), item.realpath) for item in driver.libraries[:1]]
    found += [Evidence("module on disk", path.rpartition("/")[2], path) for path in driver.modules_on_disk[:1]]
    found += [
        Evidence("module for another kernel", path.partition("/modules/")[2].partition("/")[0], path)
        for path in driver.modules_for_other_kernels[:1]
    ]
    found += [Evidence("running kernel", system.kernel, "uname -r")]
    if driver.nouveau_loaded:
        found.append(Evidence("module nouveau", "loaded", "/sys/module/nouveau"))
    if isinstance(nvml, Nvml) and nvml.error_code:
        found.append(Evidence("NVML", nvml.error, f"nvmlInit returned {nvml.error_code}"))
    return (*found, *seen_gpus(gpus))
