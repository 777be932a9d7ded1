"""What has the kernel logged about NVIDIA's driver? Many systems show its log to administrators only."""

import re

from kdoctor.host import Host, NotRun
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.kernel_log import KernelLog
from kdoctor.model.facts.pci import Pci

TIMEOUT_S = 4.0
COMMANDS = (("dmesg",), ("journalctl", "-k", "-b", "-q", "--no-pager", "-o", "cat", "-n", "5000"))
MOST_LINES = 60
LONGEST_LINE = 240
_ABOUT = re.compile(r"NVRM|nvidia|nouveau|modprobe: unsigned module|Loading of (?:unsigned )?module", re.IGNORECASE)
_TIME = re.compile(r"^\[\s*[\d.]+\]\s*")
_PROCESS = re.compile(r",?\s*(?:pid='?<?\w+>?'?|name=[^,]*)(?=,|$)")


def probe(host: Host, driver: Driver | Absent | Unknown, pci: Pci | Absent | Unknown) -> KernelLog | Absent | Unknown:
    """Ask dmesg, then the journal, and only where there is an NVIDIA card or driver to be told about."""
    cards = isinstance(pci, Pci) and any(item.vendor == "NVIDIA" for item in pci.devices)
    if host.platform.os != "linux" or not (cards or isinstance(driver, Driver)):
        return Absent(looked=("no NVIDIA card and no driver that the kernel could write about",))
    said = []
    for argv in COMMANDS:
        ran = host.run(argv, TIMEOUT_S)
        if isinstance(ran, NotRun):
            said.append(f"{argv[0]}: {ran}")
        elif ran.code or not ran.out.strip():
            said.append(f"{argv[0]}: {(ran.err.strip() or 'shows this user nothing').splitlines()[0]}")
        else:
            return KernelLog(source=" ".join(argv[:3]), lines=about_the_driver(ran.out))
    return Unknown(reason=f"the kernel's log could not be read ({'; '.join(said)})", tried=("dmesg", "journalctl -k"))


def about_the_driver(text: str) -> tuple[str, ...]:
    r"""The newest lines about the driver, without time and process, repeated ones once.

    >>> about_the_driver("[ 5.1] usb 1-1: new\n[ 9.8] NVRM: Xid (PCI:0000:01:00): 79, pid=12, name=python, GPU is off")
    ('NVRM: Xid (PCI:0000:01:00): 79, GPU is off',)
    """
    lines = (_PROCESS.sub("", _TIME.sub("", line)).strip() for line in text.splitlines() if _ABOUT.search(line))
    newest = list(dict.fromkeys(line[:LONGEST_LINE] for line in lines))
    return tuple(newest[-MOST_LINES:])
