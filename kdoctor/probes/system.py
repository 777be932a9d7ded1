"""What operating system, C library and kernel restrictions does the machine have?"""

import re

from kdoctor.host import Host, exists, text_of
from kdoctor.model.facts.base import Unknown
from kdoctor.model.facts.system import System
from kdoctor.model.version import SymbolVersion

LIBRARY_DIRECTORIES = (
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/usr/lib",
    "/lib",
)
SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_ASSIGNMENT = re.compile(r"^([A-Z_]+)=[\"']?(.*?)[\"']?$", re.MULTILINE)


def probe(host: Host) -> System | Unknown:
    """Read os-release, the C library's own symbol versions and what the kernel says about itself."""
    if host.platform.os != "linux":
        return System(os=host.platform.os, machine=host.platform.machine, kernel=host.platform.kernel)
    release = dict(_ASSIGNMENT.findall(text_of(host, "/etc/os-release") or text_of(host, "/usr/lib/os-release")))
    glibc = newest_symbol(host, "libc.so.6", "GLIBC")
    musl = host.glob("/lib/ld-musl-*.so.1")
    return System(
        os="linux",
        machine=host.platform.machine,
        kernel=host.platform.kernel or text_of(host, "/proc/sys/kernel/osrelease").strip(),
        distribution_id=release.get("ID", ""),
        distribution_version=release.get("VERSION_ID", ""),
        distribution=release.get("PRETTY_NAME", ""),
        libc="glibc" if glibc else "musl" if musl else "",
        glibc=glibc,
        glibcxx=newest_symbol(host, "libstdc++.so.6", "GLIBCXX"),
        secure_boot=secure_boot(host),
        lockdown=lockdown(text_of(host, "/sys/kernel/security/lockdown")),
    )


def newest_symbol(host: Host, library: str, prefix: str) -> SymbolVersion | None:
    """The highest ``PREFIX_number`` that the system's copy of a library provides."""
    for directory in LIBRARY_DIRECTORIES:
        path = f"{directory}/{library}"
        if not exists(host, path):
            continue
        elf = host.elf(path)
        names = getattr(elf, "provided_versions", ())
        found = [SymbolVersion.parse(name[len(prefix) + 1 :]) for name in names if name.startswith(f"{prefix}_")]
        versions = [version for version in found if version is not None]
        if versions:
            return max(versions)
    return None


def secure_boot(host: Host) -> bool | None:
    """The firmware's variable: four bytes of attributes, then 1 or 0; None without it."""
    data = host.read_bytes(SECURE_BOOT, limit=8)
    return data[4] == 1 if isinstance(data, bytes) and len(data) > 4 else None  # noqa: PLR2004


def lockdown(text: str) -> str:
    """The kernel's lockdown mode.

    >>> lockdown("none [integrity] confidentiality")
    'integrity'
    """
    match = re.search(r"\[(\w+)\]", text)
    return match[1] if match else ""
