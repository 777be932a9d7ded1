"""The NVIDIA driver's kernel module is not loaded.

What it means: files of the driver are there, and no `nvidia` module runs in the kernel. Usual reasons: the module was
not built for the running kernel (DKMS after a kernel update, without the kernel's headers or with a compiler that does
not fit), nouveau holds the card, Secure Boot refuses an unsigned module, or the machine has not been restarted since
the installation. In a container it is the host's kernel that has no such module: nothing inside can load it.

Why it matters: the driver library cannot reach the card (CUDA_ERROR_NO_DEVICE, nvidia-smi "couldn't communicate with
the NVIDIA driver"), and every framework falls back to the CPU.

What to do: mend the reason that is named, then load the module or restart. Where the files do not show a reason,
`sudo modprobe nvidia` and the kernel's log do.
"""

import re

import msgspec

from kdoctor.advice import driver_commands, enrolment_commands, family, rebuild_commands, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.kernel_module import KernelModule
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
LOAD = "sudo modprobe nvidia; sudo dmesg | tail -20"
COMPILER = re.compile(r"\b(gcc-\d+): not found")
REFUSED = re.compile(
    r"^(?:nvidia\w*: )?Loading of (?:unsigned module|module with un[\w ]+) is rejected"
    r"|Lockdown: modprobe: unsigned module loading is restricted"
)


class Reason(msgspec.Struct, frozen=True):
    """Why the module is not loaded, what to do about it, and whether the facts leave no doubt."""

    why: str
    text: str
    commands: tuple[str, ...]
    sure: bool = True


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
            Source(
                "Linux kernel/module/signing.c (its words of refusal); Debian wiki SecureBoot; dkms(8): make.log",
                "2026-11-22",
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
    kernel_module: KernelModule | Absent | Unknown,
    kernel_log: KernelLog | Absent | Unknown,
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
    module = kernel_module if isinstance(kernel_module, KernelModule) else KernelModule()
    refusal = refusal_in(kernel_log)
    nouveau = "nouveau" in bound if isinstance(pci, Pci) else driver.nouveau_loaded
    reason = why_not_loaded(driver, module, system, refusal, nouveau=nouveau)
    return Found(
        what=f"The NVIDIA driver is installed, its module is not loaded: {reason.why}.",
        why="The driver library cannot reach the card without its kernel module: no framework lists a GPU.",
        remedy=Remedy(text=reason.text, commands=reason.commands, safety="needs-root"),
        evidence=(*_evidence(driver, module, system, nvml), *refusal, *seen_gpus(gpus)),
        confidence="certain" if reason.sure else "likely",
    )


def bound_modules(pci: Pci | Absent | Unknown) -> set[str]:
    """The kernel modules that drive the NVIDIA cards; "" for a card without one."""
    return {item.kernel_driver for item in pci.devices if item.vendor == "NVIDIA"} if isinstance(pci, Pci) else set()


def is_installed(driver: Driver) -> bool:
    """Whether files of a driver are on disk; a toolkit's stub and cuda-compat are none."""
    libraries = any(library.kind == "driver" for library in driver.libraries)
    return bool(libraries or driver.modules_on_disk or driver.modules_for_other_kernels or driver.dkms)


def refusal_in(kernel_log: KernelLog | Absent | Unknown) -> tuple[Evidence, ...]:
    """The line in which the kernel refuses a module for its signature."""
    lines = kernel_log.lines if isinstance(kernel_log, KernelLog) else ()
    source = kernel_log.source if isinstance(kernel_log, KernelLog) else ""
    return tuple(Evidence("kernel log", line, source) for line in lines if REFUSED.search(line))[-1:]


def why_not_loaded(
    driver: Driver, module: KernelModule, system: System, refusal: tuple[Evidence, ...], *, nouveau: bool
) -> Reason:
    """The reason that the facts show, and what to do; that none was built comes first: nothing else helps then."""
    if not driver.modules_on_disk:
        reason = not_built(driver, module, system)
        if nouveau:  # to keep nouveau out now would leave the machine without any driver for the card
            commands = (
                *reason.commands[:-1],
                BLACKLIST,
                "sudo update-initramfs -u || sudo dracut --force",
                "sudo reboot",
            )
            return Reason(reason.why, f"{reason.text} Then keep nouveau, which holds the card, from loading.", commands)
        return reason
    if nouveau:
        commands = (BLACKLIST, "sudo update-initramfs -u || sudo dracut --force", "sudo reboot")
        return Reason(
            "nouveau holds the card", "Keep nouveau from loading, rebuild the initial RAM disk and restart.", commands
        )
    signed_only = system.secure_boot if module.must_be_signed is None else module.must_be_signed
    if signed_only or refusal:
        return not_trusted(module, system, sure=any(item.value.startswith("nvidia") for item in refusal))
    text = "Load the module and read what the kernel says if it refuses."
    return Reason("the reason is not in the files", text, (LOAD,))


def not_built(driver: Driver, module: KernelModule, system: System) -> Reason:
    """There is no module for the running kernel."""
    if not (driver.modules_for_other_kernels or driver.dkms):
        text = "Install the whole driver: only its libraries are here, no module for any kernel was found."
        return Reason("only its libraries are there", text, driver_commands(system))
    if module.build_log:
        text = f"Read {module.build_log}, mend its first error (often the compiler), and build it again."
        compiler = COMPILER.search(module.build_error)
        install = (f"sudo apt install {compiler[1]}",) if compiler and family(system) in ("ubuntu", "debian") else ()
        commands = (f"grep -n -m5 -i error {module.build_log}", *install, *rebuild_commands(system))
        return Reason("it could not be built for this kernel", text, commands)
    if module.headers is False:
        text = "Install the headers of the running kernel, build the module, then load it."
        return Reason("none for this kernel, nor headers", text, rebuild_commands(system))
    text = "Build the module for the running kernel, then load it."
    return Reason("there is none for this kernel", text, rebuild_commands(system))


def not_trusted(module: KernelModule, system: System, *, sure: bool) -> Reason:
    """The kernel takes signed modules only, and this one is not signed, or by a key that it need not know."""
    off = "Or switch Secure Boot off in the firmware."
    enrol = enrolment_commands(system)
    if module.signed is False:
        text = f"Build the module again with a key to sign it, and enrol that key. {off}"
        return Reason("Secure Boot refuses it, it is not signed", text, (*rebuild_commands(system)[:-1], *enrol))
    if sure:
        return Reason("Secure Boot does not know its key", f"Enrol the key that signed it. {off}", enrol)
    text = f"See what the kernel says; if it refuses the module, enrol the key that signed it. {off}"
    return Reason("Secure Boot may refuse it", text, (LOAD, "mokutil --sb-state", *enrol), sure=False)


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


def _evidence(
    driver: Driver, module: KernelModule, system: System, nvml: Nvml | Absent | Unknown
) -> tuple[Evidence, ...]:
    found = [Evidence("module loaded", "no", "/sys/module/nvidia")]
    found += [Evidence("library", str(item.release or item.soname), item.realpath) for item in driver.libraries[:1]]
    signed = {True: ", signed", False: ", not signed", None: ""}[module.signed]
    found += [Evidence("module on disk", path.rpartition("/")[2] + signed, path) for path in driver.modules_on_disk[:1]]
    found += [
        Evidence("module for another kernel", path.partition("/modules/")[2].partition("/")[0], path)
        for path in driver.modules_for_other_kernels[:1]
    ]
    found += [Evidence("running kernel", system.kernel, "uname -r")]
    if module.headers is not None and not driver.modules_on_disk:
        state = "installed" if module.headers else "not installed"
        found.append(Evidence("headers of this kernel", state, f"/lib/modules/{system.kernel}/build"))
    if module.build_log:
        found.append(Evidence("failed build", module.build_error or "see the log", module.build_log))
    if driver.modules_on_disk and module.must_be_signed is not None:
        value = "signed ones only" if module.must_be_signed else "any"
        found.append(Evidence("modules that the kernel takes", value, "/sys/kernel/security/lockdown, sig_enforce"))
    if driver.nouveau_loaded:
        found.append(Evidence("module nouveau", "loaded", "/sys/module/nouveau"))
    if isinstance(nvml, Nvml) and nvml.error_code:
        found.append(Evidence("NVML", nvml.error, f"nvmlInit returned {nvml.error_code}"))
    return tuple(found)
