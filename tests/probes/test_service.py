from __future__ import annotations

from pathlib import Path

import pytest

from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.service import Service
from kdoctor.probes.service import probe
from tests.probes.tree import machine

UDEV = "udev /dev devtmpfs rw,nosuid 0 0\n"


def service(folder: Path, cgroup: str, mounts: str = UDEV) -> Service | Absent:
    return probe(machine(folder, {"/proc/self/cgroup": cgroup, "/proc/self/mounts": mounts}))


def test_the_last_mount_on_dev_counts(tmp_path: Path) -> None:
    mounts = UDEV + "tmpfs /dev tmpfs ro,nosuid 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n"
    assert service(tmp_path, "0::/system.slice/hub.service\n", mounts) == Service(unit="hub.service", own_dev=True)


def test_a_template_in_a_slice_of_its_own_is_a_service(tmp_path: Path) -> None:
    text = "12:devices:/system.slice\n1:name=systemd:/system.slice/system-hub.slice/hub@ada.service\n"
    assert service(tmp_path, text) == Service(unit="hub@.service")


@pytest.mark.parametrize(
    "cgroup", ["0::/user.slice/user-1000.slice/session-3.scope\n", "0::/\n", "0::/user.slice/u.service\n", ""]
)
def test_a_session_is_no_service(tmp_path: Path, cgroup: str) -> None:
    assert isinstance(service(tmp_path, cgroup), Absent)
