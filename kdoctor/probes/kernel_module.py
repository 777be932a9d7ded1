"""Could the running kernel load the NVIDIA module, and if there is none for it, why was it not built?"""

import re

from kdoctor.host import Host, Ran, exists, is_directory, is_file, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_module import KernelModule
from kdoctor.model.facts.system import System
from kdoctor.model.version import DriverRelease

TIMEOUT_S = 5.0
MODINFO = ("/usr/sbin/modinfo", "/sbin/modinfo", "/usr/bin/modinfo", "/run/current-system/sw/bin/modinfo")
SIGNATURES = "/sys/module/module/parameters/sig_enforce"
LOG_LIMIT = 1 << 20
LONGEST_ERROR = 160
_FIELD = re.compile(r"^(\w+):\s+(\S.*?)\s*$", re.MULTILINE)
_ERROR = re.compile(r"^.*(?:\berror: |\bERROR: |: not found$|No such file or directory).*$", re.MULTILINE)


def probe(host: Host, driver: Driver, system: System) -> KernelModule | Absent:
    """Ask modinfo about the file, and read the logs of DKMS and akmods; nothing where the module is loaded."""
    if driver.module_loaded:
        return Absent(looked=("/sys/module/nvidia: the module is loaded",))
    path = next(iter(driver.modules_on_disk), "")
    fields = modinfo(host, path) if path else {}
    log = "" if path else failed_build(host, system.kernel)
    return KernelModule(
        path=path,
        release=DriverRelease.parse(fields.get("version", "")),
        flavour="" if "license" not in fields else "open" if "GPL" in fields["license"] else "proprietary",
        signed=bool({"signer", "sig_id"} & set(fields)) if fields and not is_busybox(host) else None,
        must_be_signed=must_be_signed(host, system),
        headers=headers(host, system.kernel),
        build_log=log,
        build_error=first_error(text_of(host, log, limit=LOG_LIMIT)) if log else "",
    )


def program(host: Host) -> str:
    """Where modinfo is: outside the $PATH of many users."""
    return next((name for name in MODINFO if is_file(host, name)), "modinfo")


def is_busybox(host: Host) -> bool:
    """Whether modinfo is that of BusyBox, which does not tell of signatures."""
    path = program(host)
    real = host.resolve(path) if path.startswith("/") else ""
    return isinstance(real, str) and real.endswith("/busybox")


def modinfo(host: Host, path: str) -> dict[str, str]:
    """What modinfo says about a module's file; of a field that is there several times, the first."""
    ran = host.run((program(host), path), TIMEOUT_S)
    found: dict[str, str] = {}
    for name, value in _FIELD.findall(ran.out) if isinstance(ran, Ran) and ran.code == 0 else ():
        found.setdefault(name, value)
    return found


def must_be_signed(host: Host, system: System) -> bool | None:
    """Whether the kernel loads signed modules only: by its own word, else by the firmware's switch."""
    enforced = text_of(host, SIGNATURES).strip()
    if enforced == "Y" or system.lockdown in ("integrity", "confidentiality"):
        return True
    if enforced == "N" and system.lockdown == "none":
        return False
    return system.secure_boot


def headers(host: Host, kernel: str) -> bool | None:
    """Whether modules can be built for this kernel; None where its directory is not there to look into."""
    return exists(host, f"/lib/modules/{kernel}/build") if is_directory(host, f"/lib/modules/{kernel}") else None


def failed_build(host: Host, kernel: str) -> str:
    """The log that a build leaves behind only where it failed, if it was for this kernel."""
    dkms = host.glob("/var/lib/dkms/nvidia*/*/build/make.log")
    akmods = host.glob(f"/var/cache/akmods/nvidia*/*for-{kernel}.failed.log")
    named = [path for path in dkms if f"for kernel {kernel} " in text_of(host, path, limit=400)]
    return next(iter((*named, *akmods)), "")


def first_error(text: str) -> str:
    r"""The first line with an error, shortened.

    >>> first_error("CC [M] a.o\ngcc: error: unrecognized command-line option '-ftrivial'\nmake: *** [all] Error 2")
    "gcc: error: unrecognized command-line option '-ftrivial'"
    """
    match = _ERROR.search(text)
    return match[0].strip()[:LONGEST_ERROR] if match else ""
