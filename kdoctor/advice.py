"""Commands to copy, in the user's own tools: pip of the examined interpreter, the distribution's packages."""

from __future__ import annotations

import re

from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import Library, LibraryCopy, LibrarySearch
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, FrameworkName
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.pci import Pci
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Evidence

DRIVER_COMMANDS = {
    "ubuntu": ("sudo ubuntu-drivers install", "sudo reboot"),
    "debian": ("sudo apt install nvidia-driver firmware-misc-nonfree   # component non-free", "sudo reboot"),
    "fedora": ("sudo dnf install akmod-nvidia xorg-x11-drv-nvidia-cuda   # from RPM Fusion", "sudo reboot"),
    "rhel": ("sudo dnf module install nvidia-driver:latest-dkms   # from NVIDIA's repository", "sudo reboot"),
    "arch": ("sudo pacman -S nvidia-open nvidia-utils", "sudo reboot"),
    "opensuse": (
        "sudo zypper install nvidia-open-driver-G06-signed-kmp-meta   # from NVIDIA's repository",
        "sudo reboot",
    ),
}
REBUILD_COMMANDS = {
    "fedora": ("sudo dnf install kernel-devel-{kernel}", "sudo akmods --force", "sudo modprobe nvidia"),
    "rhel": ("sudo dnf install kernel-devel-{kernel}", "sudo dkms autoinstall", "sudo modprobe nvidia"),
    "arch": ("sudo pacman -S linux-headers", "sudo dkms autoinstall", "sudo modprobe nvidia"),
    "opensuse": ("sudo zypper install kernel-default-devel", "sudo dkms autoinstall", "sudo modprobe nvidia"),
    "ubuntu": ("sudo apt install linux-headers-{kernel}", "sudo dkms autoinstall", "sudo modprobe nvidia"),
}
REBUILD_COMMANDS["debian"] = REBUILD_COMMANDS["ubuntu"]
MACROS = "/etc/rpm/macros.nvidia-kmod"
FLAVOUR_COMMANDS = {
    ("ubuntu", "open"): ("sudo apt install nvidia-driver-{branch}-open",),
    ("ubuntu", "proprietary"): ("sudo apt install nvidia-driver-{branch}",),
    ("debian", "open"): ("sudo apt install nvidia-open-kernel-dkms",),
    ("debian", "proprietary"): ("sudo apt install nvidia-kernel-dkms",),
    ("fedora", "open"): (f"echo '%_with_kmod_nvidia_open 1' | sudo tee {MACROS}", "sudo akmods --force --rebuild"),
    ("fedora", "proprietary"): (f"sudo rm -f {MACROS}", "sudo akmods --force --rebuild"),
    ("rhel", "open"): ("sudo dnf module reset nvidia-driver", "sudo dnf module install nvidia-driver:open-dkms"),
    ("rhel", "proprietary"): ("sudo dnf module reset nvidia-driver", "sudo dnf module install nvidia-driver:580-dkms"),
    ("arch", "open"): ("sudo pacman -S nvidia-open nvidia-utils",),
    ("opensuse", "open"): ("sudo zypper install nvidia-open-driver-G06-signed-kmp-meta",),
}
BRANCH_COMMANDS = {
    "ubuntu": ("sudo apt install nvidia-driver-{branch}",),
    "fedora": ("sudo dnf install akmod-nvidia-{branch}xx xorg-x11-drv-nvidia-{branch}xx-cuda --allowerasing",),
    "rhel": ("sudo dnf module reset nvidia-driver", "sudo dnf module install nvidia-driver:{branch}-dkms"),
}
SIGNING_KEYS = {
    "ubuntu": "/var/lib/shim-signed/mok/MOK.der",
    "debian": "/var/lib/dkms/mok.pub",
    "fedora": "/etc/pki/akmods/certs/public_key.der",
    "rhel": "/var/lib/dkms/mok.pub",
}
FAMILIES = {
    "linuxmint": "ubuntu", "pop": "ubuntu", "rocky": "rhel", "almalinux": "rhel", "centos": "rhel", "ol": "rhel",
    "manjaro": "arch", "endeavouros": "arch", "opensuse-leap": "opensuse", "opensuse-tumbleweed": "opensuse",
    "sles": "opensuse",
}  # fmt: skip

WINDOWS_PATH = re.compile(r"[A-Za-z]:\\[^\"'%$`]*\Z")


def quoted(text: str) -> str:
    r"""A word for a POSIX shell, a Windows path for both shells of Windows: in quotes only where it needs them.

    >>> quoted("/opt/my env/bin/python"), quoted("keras")
    ("'/opt/my env/bin/python'", 'keras')
    >>> print(quoted(r"C:\ml\python.exe"))
    C:\ml\python.exe
    """
    if WINDOWS_PATH.match(text):
        return f'"{text}"' if " " in text else text
    plain = text and all(sign.isalnum() or sign in "@%_+=:,./-" for sign in text)
    return text if plain else "'" + text.replace("'", "'\"'\"'") + "'"


def pip(interpreter: Interpreter | Absent | Unknown, *words: str) -> str:
    """A pip command of the examined interpreter."""
    python = interpreter.path if isinstance(interpreter, Interpreter) else "python"
    return " ".join([quoted(python), "-m", "pip", *(quoted(word) for word in words)])


def family(system: System | Absent | Unknown) -> str:
    """The distribution whose commands apply, "" if unknown."""
    identity = system.distribution_id if isinstance(system, System) else ""
    identity = FAMILIES.get(identity, identity)
    return identity if identity in DRIVER_COMMANDS else ""


def driver_commands(system: System | Absent | Unknown) -> tuple[str, ...]:
    """How this distribution installs or updates the driver; needs root."""
    return DRIVER_COMMANDS.get(family(system), ())


def rebuild_commands(system: System) -> tuple[str, ...]:
    """How this distribution builds the driver's module for the running kernel; needs root."""
    found = REBUILD_COMMANDS.get(family(system), ("sudo dkms autoinstall", "sudo modprobe nvidia"))
    return tuple(command.format(kernel=system.kernel) for command in found)


def flavour_commands(system: System, flavour: str, branch: int | None) -> tuple[str, ...]:
    """How this distribution installs the open or the proprietary kernel module; needs root, and a restart."""
    found = FLAVOUR_COMMANDS.get((family(system), flavour), ())
    known = tuple(command for command in found if branch is not None or "{branch}" not in command)
    return (*(command.format(branch=branch) for command in known), "sudo reboot") if known else ()


def branch_commands(system: System, branch: int) -> tuple[str, ...]:
    """How this distribution installs the driver of an older branch; needs root, and a restart."""
    found = BRANCH_COMMANDS.get(family(system), ())
    return (*(command.format(branch=branch) for command in found), "sudo reboot") if found else ()


def enrolment_commands(system: System) -> tuple[str, ...]:
    """How the key that this distribution signs its own modules with is made known to the firmware; needs root."""
    key = SIGNING_KEYS.get(family(system), "/var/lib/dkms/mok.pub")
    return (f"sudo mokutil --import {key}", 'sudo reboot   # and choose "Enroll MOK" on the blue screen')


def with_cuda(build: Build, interpreter: Interpreter | None = None) -> str:
    """The pip requirement that brings a framework of this version with its CUDA libraries.

    Where the extra of this TensorFlow does not work as shipped, that of the newest older release that does; where it
    can not be installed for this Python, that of the next release; where it has none, its GPU package alone.
    """
    version = build.version.partition("+")[0]
    if build.framework == "tensorflow":
        release = parse_release(version)
        row = tensorflow.release_of(release) if release else None
        row = tensorflow.installable_from(row, interpreter.version) if row and interpreter else row
        if release is not None and row is not None and row.and_cuda_fault:
            other = tensorflow.newest_with_cuda(release)
            version = str(other.patches[-1]) if other else version
        elif row is not None and not row.and_cuda:
            return f"{row.gpu_package}=={version}"
        elif row is not None and release is not None and not release.is_prerelease:
            version = str(max(row.patches))  # the extra of 2.15.0 asks for packages that the index does not have
        nightly = release is not None and release.is_devrelease
        return "tf-nightly[and-cuda]" if nightly else f"tensorflow[and-cuda]=={version}"
    if build.framework == "jax":
        major = build.cuda.major if build.cuda else 12
        return f"jax[cuda{major}]=={version}"
    return f"torch=={version}"


def has_extra(build: Build) -> bool:
    """Whether ``with_cuda`` brings the CUDA libraries too: not for TensorFlow of before the extra, nor a vendor's."""
    if build.framework != "tensorflow":
        return True
    row = tensorflow.release_of(release) if (release := parse_release(build.version)) else None
    return row is None or row.and_cuda


def why_other_release(build: Build, interpreter: Interpreter | None = None) -> str:
    """Why ``with_cuda`` names another release than the installed one, "" if it does not."""
    release = parse_release(build.version) if build.framework == "tensorflow" else None
    row = tensorflow.release_of(release) if release else None
    if row and interpreter and tensorflow.installable_from(row, interpreter.version) != row:
        return f" (The extra of {build.version} can not be installed for Python {interpreter.version}.)"
    fault = row.and_cuda_fault if row else ""
    return f" ({build.version} with the extra has a fault: {fault.partition(':')[0]}.)" if fault else ""


def has_nvidia(gpus: Gpus | Absent | Unknown) -> bool:
    """Whether an NVIDIA GPU was seen by any source."""
    return isinstance(gpus, Gpus) and bool(gpus.nvidia)


def is_on_chip(system: System, gpus: Gpus | Absent | Unknown) -> bool:
    """Whether the GPU is a Jetson's: NVIDIA's, beside an ARM processor, and on no bus."""
    listed = gpus.nvidia if isinstance(gpus, Gpus) else ()
    return system.machine == "aarch64" and bool(listed) and not any(gpu.pci_address for gpu in listed)


def seen_gpus(gpus: Gpus | Absent | Unknown) -> tuple[Evidence, ...]:
    """The NVIDIA GPUs as evidence."""
    if not isinstance(gpus, Gpus):
        return ()
    return tuple(
        Evidence("gpu", gpu.name or "NVIDIA GPU", f"{gpu.pci_address} ({', '.join(gpu.seen_by)})".strip())
        for gpu in gpus.nvidia[:4]
    )


def not_listed(gpus: Gpus, pci: Pci | Absent | Unknown, *, loaded: bool) -> list[Gpu]:
    """The NVIDIA GPUs on the bus that NVML does not list; without those that another kernel module was given."""
    bound = {item.address: item.kernel_driver for item in pci.devices} if isinstance(pci, Pci) else {}
    ours = ("", "nvidia") if loaded else ("", "nvidia", "nouveau")
    on_bus = [gpu for gpu in gpus.nvidia if "pci" in gpu.seen_by and "nvml" not in gpu.seen_by]
    return [gpu for gpu in on_bus if bound.get(gpu.pci_address, "") in ours]


def shortened(text: str, limit: int = 60) -> str:
    """Text cut in the middle for a line of at most 100 columns.

    >>> shortened("abcdefghij", 7)
    'abc…hij'
    """
    keep = (limit - 1) // 2
    return text if len(text) <= limit else f"{text[:keep]}…{text[-keep:]}"


def missed_wheel(item: Library) -> LibraryCopy | None:
    """The copy in a wheel of a library that the loader misses."""
    return next((copy for copy in item.copies if copy.source == "pip"), None) if item.state == "missing" else None


def link_beside(lost: LibraryCopy, search: LibrarySearch) -> tuple[str, str]:
    """A link beside an opened library of the same nvidia folder: its path and what it leads to; "" where none fits."""
    root, _, rest = lost.realpath.partition("/nvidia/")
    for item in search.libraries:
        folder, _, own = item.realpath.rpartition("/")
        fits = folder.startswith(f"{root}/nvidia/") and folder.endswith("/lib")
        searched = item.path.endswith(f"{folder.removeprefix(root)}/{own}")  # not itself found by a link
        if item.state == "opens" and rest and fits and searched:
            return f"{folder}/{lost.path.rpartition('/')[2]}", f"../../{rest}"
    return "", ""


def unfound(item: Library) -> bool:
    """Missing for the loader, with a copy on disk that is not in the framework's own wheels."""
    return item.state == "missing" and bool(item.copies) and not any(copy.source == "pip" for copy in item.copies)


def missed_directories(search: LibrarySearch) -> tuple[str, ...]:
    """The directories of the unfound libraries."""
    unique = dict.fromkeys(item.copies[0].path.rpartition("/")[0] for item in search.libraries if unfound(item))
    return tuple(unique)


def backend_for(keras: Keras, known: tuple[str, ...], installed: list[FrameworkName]) -> str:
    """The backend to set instead of one that this Keras does not have: the same in lower case, or an installed one."""
    spelled = keras.backend.lower() if keras.backend.lower() in known else ""
    return spelled or next((name for name in installed if name in known), "tensorflow")
