"""Is this machine a part of a cluster with a scheduler, and does that one have GPUs to grant?"""

import re
from typing import Literal

from kdoctor.host import Host, is_file, on_path, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cluster import Cluster

Kind = Literal["slurm", "pbs", "lsf"]
FILES: tuple[tuple[str, Kind], ...] = (
    ("/etc/slurm/slurm.conf", "slurm"),
    ("/etc/slurm-llnl/slurm.conf", "slurm"),
    ("/run/slurm/conf/slurm.conf", "slurm"),
    ("/etc/pbs.conf", "pbs"),
)
COMMANDS: tuple[tuple[str, Kind], ...] = (("srun", "slurm"), ("bsub", "lsf"))  # qsub is Grid Engine's too
MOST_TYPES = 20
MOST_BYTES = 1 << 20
_GPU = re.compile(r"(?im)^(?!\s*#).*\bGres=(?:[^#\s]*,)?(gpu(?::[\w.-]+)*)")


def probe(host: Host) -> Cluster | Absent:
    """The scheduler's configuration, else its commands on PATH."""
    signs = [(path, kind) for path, kind in FILES if is_file(host, path)]
    signs = signs or [(path, kind) for name, kind in COMMANDS if (path := on_path(host, name))]
    if not signs:
        return Absent(looked=(*(path for path, _ in FILES), *(f"{name} on $PATH" for name, _ in COMMANDS)))
    kind = signs[0][1]
    found = (gpu for path, owner in signs if owner == kind for gpu in gpu_types(text_of(host, path, limit=MOST_BYTES)))
    return Cluster(
        kind=kind,
        signs=tuple(path for path, owner in signs if owner == kind),
        gpu_types=tuple(dict.fromkeys(found))[:MOST_TYPES],
    )


def gpu_types(text: str) -> list[str]:
    r"""The GPUs that a slurm.conf gives to its nodes.

    >>> gpu_types("GresTypes=gpu\nNodeName=n[1-4] Gres=gpu:a100:4 CPUs=64\n# NodeName=x Gres=gpu:v100:2")
    ['gpu:a100:4']
    """
    return _GPU.findall(text)
