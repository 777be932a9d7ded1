"""What has the kernel logged about NVIDIA's driver? Many systems show its log to administrators only."""

import msgspec

from kdoctor.host import Host, Unanswered
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.pci import Pci

TIMEOUT_S = 10.0


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    lines: tuple[str, ...] = ()
    why: str = ""


def probe(host: Host, driver: Driver | Absent | Unknown, pci: Pci | Absent | Unknown) -> KernelLog | Absent | Unknown:
    """Ask ``inside/kernel_log.py``, and only where there is an NVIDIA card or driver to be told about."""
    cards = isinstance(pci, Pci) and any(item.vendor == "NVIDIA" for item in pci.devices)
    if host.platform.os != "linux" or not (cards or isinstance(driver, Driver)):
        return Absent(looked=("no NVIDIA card and no driver that the kernel could write about",))
    asked = host.ask("kernel_log", runner="own", timeout_s=TIMEOUT_S)
    if isinstance(asked, Unanswered):
        return Unknown(reason=f"the kernel's log was not read: {asked.reason}", tried=("dmesg", "journalctl -k"))
    try:
        said = msgspec.json.decode(asked.json, type=_Said)
    except msgspec.MsgspecError as error:
        return Unknown(reason=f"the answer about the kernel's log could not be read: {error}")
    if not said.source:
        return Unknown(reason=f"the kernel's log could not be read ({said.why})", tried=("dmesg", "journalctl -k"))
    return KernelLog(source=said.source, lines=said.lines)
