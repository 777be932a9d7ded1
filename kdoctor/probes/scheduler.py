"""Does a cluster scheduler run this process, and how many GPUs did it grant?"""

import re

from kdoctor.host import Host
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.scheduler import Scheduler

SIGNS = (
    ("SLURM_JOB_ID", "slurm"),
    ("PBS_JOBID", "pbs"),
    ("LSB_JOBID", "lsf"),
    ("KUBERNETES_SERVICE_HOST", "kubernetes"),
)
LISTS = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "GPU_DEVICE_ORDINAL")


def probe(host: Host, environ: Environ) -> Scheduler | Absent:  # noqa: ARG001  every probe takes the host
    """Read the scheduler's own variables."""
    variables = environ.variables
    signs = [(name, kind) for name, kind in SIGNS if variables.get(name)]
    if not signs:
        return Absent(looked=tuple(f"${name}" for name, _ in SIGNS))
    return Scheduler(kind=signs[0][1], signs=tuple(f"${name}" for name, _ in signs), gpus_granted=granted(variables))


def granted(variables: dict[str, str]) -> int | None:
    """The number of GPUs that Slurm says it granted.

    >>> granted({"SLURM_GPUS_ON_NODE": "2"}), granted({"SLURM_JOB_GPUS": "0,3"}), granted({})
    (2, 2, None)
    """
    count = variables.get("SLURM_GPUS_ON_NODE", "")
    if count.isdigit():
        return int(count)
    for name in LISTS:
        if variables.get(name):
            return len(re.split(",", variables[name]))
    return None
