from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kdoctor.host.machine import RecordedCommand
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_module import KernelModule
from kdoctor.model.facts.system import System
from kdoctor.model.version import DriverRelease
from kdoctor.probes.kernel_module import probe
from tests.probes.tree import machine

KERNEL = "6.8.0-48-generic"
FILE = f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko.zst"
SYSTEM = System(os="linux", machine="x86_64", kernel=KERNEL)
DKMS_LOG = "/var/lib/dkms/nvidia/550.120/build/make.log"
MODINFO = """\
filename:       /lib/modules/6.8.0-48-generic/updates/dkms/nvidia.ko.zst
alias:          char-major-195-*
version:        550.120
supported:      external
license:        {licence}
srcversion:     A1B2
"""


def found(
    folder: Path, files: dict[str, str], driver: Driver, system: System = SYSTEM, modinfo: str = ""
) -> KernelModule:
    host = machine(folder, {**files, "/usr/sbin/modinfo": ""})
    if modinfo:
        commands = {f"/usr/sbin/modinfo {FILE}": RecordedCommand(out=modinfo)}
        host.machine = msgspec.structs.replace(host.machine, commands=commands)
    section = probe(host, driver, system)
    assert isinstance(section, KernelModule)
    return section


@pytest.mark.parametrize(("licence", "flavour"), [("NVIDIA", "proprietary"), ("Dual MIT/GPL", "open")])
@pytest.mark.parametrize(("more", "signed"), [("", False), ("signer:         host Secure Boot Module key\n", True)])
def test_modinfo_tells_release_flavour_and_signature(
    tmp_path: Path,
    licence: str,
    flavour: str,
    more: str,
    signed: bool,  # noqa: FBT001  a parametrised value
) -> None:
    section = found(tmp_path, {}, Driver(modules_on_disk=(FILE,)), modinfo=MODINFO.format(licence=licence) + more)
    expected = (DriverRelease("550.120"), flavour, signed)
    assert (section.release, section.flavour, section.signed) == expected


def test_busybox_does_not_tell_of_signatures(tmp_path: Path) -> None:
    files = {"/bin/busybox": ""}
    (tmp_path / "root/usr/sbin").mkdir(parents=True)
    (tmp_path / "root/usr/sbin/modinfo").symlink_to("../../bin/busybox")
    section = found(tmp_path, files, Driver(modules_on_disk=(FILE,)), modinfo=MODINFO.format(licence="NVIDIA"))
    assert (section.flavour, section.signed) == ("proprietary", None)


def test_without_modinfo_nothing_is_known_of_the_file(tmp_path: Path) -> None:
    section = found(tmp_path, {}, Driver(modules_on_disk=(FILE,)))
    assert (section.path, section.release, section.flavour, section.signed) == (FILE, None, "", None)


def test_a_loaded_module_is_not_looked_at(tmp_path: Path) -> None:
    assert isinstance(probe(machine(tmp_path, {}), Driver(module_loaded=True), SYSTEM), Absent)


@pytest.mark.parametrize(
    ("enforced", "lockdown", "secure_boot", "must"),
    [
        ("Y\n", "", None, True),
        ("N\n", "integrity", None, True),
        ("N\n", "none", True, False),
        ("", "", True, True),
        ("", "", None, None),
    ],
)
def test_the_kernels_own_word_outranks_the_firmwares(
    tmp_path: Path,
    enforced: str,
    lockdown: str,
    secure_boot: bool | None,  # noqa: FBT001  a parametrised value
    must: bool | None,  # noqa: FBT001  the same
) -> None:
    files = {"/sys/module/module/parameters/sig_enforce": enforced} if enforced else {}
    system = msgspec.structs.replace(SYSTEM, lockdown=lockdown, secure_boot=secure_boot)
    assert found(tmp_path, files, Driver(dkms=("nvidia/550.120",)), system).must_be_signed is must


@pytest.mark.parametrize(
    ("files", "headers"),
    [
        ({}, None),
        ({f"/lib/modules/{KERNEL}/modules.dep": ""}, False),
        ({f"/lib/modules/{KERNEL}/build/Makefile": ""}, True),
    ],
)
def test_headers_are_known_only_where_the_kernels_directory_is(
    tmp_path: Path,
    files: dict[str, str],
    headers: bool | None,  # noqa: FBT001  a parametrised value
) -> None:
    assert found(tmp_path, files, Driver(dkms=("nvidia/550.120",))).headers is headers


@pytest.mark.parametrize(
    ("path", "text", "log", "error"),
    [
        (DKMS_LOG, f"DKMS make.log for nvidia-550.120 for kernel {KERNEL} (x86_64)\nCC a.o\n", DKMS_LOG, ""),
        (
            DKMS_LOG,
            f"DKMS (dkms-3.1) make.log for nvidia/5 for kernel {KERNEL} (x86_64)\n/bin/sh: 1: gcc-12: not found\n",
            DKMS_LOG,
            "/bin/sh: 1: gcc-12: not found",
        ),
        (DKMS_LOG, "DKMS make.log for nvidia-550.120 for kernel 5.4.0-1-generic (x86_64)\nerror: x\n", "", ""),
        (
            f"/var/cache/akmods/nvidia/565.77-1-for-{KERNEL}.failed.log",
            "os-interface.c:1: error: too few arguments\n",
            f"/var/cache/akmods/nvidia/565.77-1-for-{KERNEL}.failed.log",
            "os-interface.c:1: error: too few arguments",
        ),
    ],
)
def test_the_log_of_a_failed_build_counts_for_its_own_kernel(
    tmp_path: Path, path: str, text: str, log: str, error: str
) -> None:
    section = found(tmp_path, {path: text}, Driver(dkms=("nvidia/550.120",)))
    assert (section.build_log, section.build_error) == (log, error)
