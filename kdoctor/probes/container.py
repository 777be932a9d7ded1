"""Is this a container, and was a GPU asked for and passed in?"""

import re

from kdoctor.host import Host, exists, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.environ import Environ

FILES = (
    ("/.dockerenv", "docker"),
    ("/run/.containerenv", "podman"),
    ("/.singularity.d", "apptainer"),
    ("/var/run/secrets/kubernetes.io", "kubernetes"),
)
_CGROUP = re.compile(r"kubepods|docker|containerd|libpod|lxc")
_MOUNT = re.compile(r"^\S+ (\S*(?:nvidia|libcuda)\S*) ", re.MULTILINE)
KINDS = {"kubepods": "kubernetes", "libpod": "podman", "containerd": "containerd", "docker": "docker", "lxc": "lxc"}
NOTHING_ASKED = ("", "void", "none")


def probe(host: Host, environ: Environ) -> Container | Absent:
    """Look for the files, control groups and variables that container engines leave."""
    signs = [(path, kind) for path, kind in FILES if exists(host, path)]
    match = _CGROUP.search(text_of(host, "/proc/1/cgroup"))
    if match:
        signs.append((f"{match[0]} in /proc/1/cgroup", KINDS[match[0]]))
    variables = environ.variables
    if variables.get("APPTAINER_CONTAINER") or variables.get("SINGULARITY_CONTAINER"):
        signs.append(("$APPTAINER_CONTAINER", "apptainer"))
    if variables.get("KUBERNETES_SERVICE_HOST"):
        signs.insert(0, ("$KUBERNETES_SERVICE_HOST", "kubernetes"))
    if not signs:
        return Absent(looked=(*(path for path, _ in FILES), "/proc/1/cgroup"))
    asked = variables.get("NVIDIA_VISIBLE_DEVICES", "")
    kinds = [kind for _, kind in signs]
    return Container(
        kind="kubernetes" if "kubernetes" in kinds else kinds[0],
        signs=tuple(sign for sign, _ in signs),
        gpu_asked_by="" if asked in NOTHING_ASKED else f"NVIDIA_VISIBLE_DEVICES={asked}",
        driver_mounts=tuple(_MOUNT.findall(text_of(host, "/proc/self/mounts")))[:20],
    )
