"""Does systemd run this process as a service, and with which /dev?"""

import re

from kdoctor.host import Host, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.service import Service

CGROUP = "/proc/self/cgroup"
MOUNTS = "/proc/self/mounts"
_UNIT = re.compile(r"^(?:0:|\d+:name=systemd):/system\.slice/(?:[^/\n]+\.slice/)*([^/\n]+\.service)", re.MULTILINE)
_DEV = re.compile(r"^\S+ /dev (\S+) ", re.MULTILINE)


def probe(host: Host) -> Service | Absent:
    """Read the control group of this process, and how /dev is mounted for it; of an instance only its template."""
    match = _UNIT.search(text_of(host, CGROUP))
    if not match:
        return Absent(looked=(CGROUP,))
    kinds = _DEV.findall(text_of(host, MOUNTS))
    return Service(unit=re.sub(r"@.*\.service$", "@.service", match[1]), own_dev=bool(kinds) and kinds[-1] == "tmpfs")
