"""Which device nodes of the GPU exist, and may this user open them?"""

from kdoctor.host import FileStat, Host, User
from kdoctor.model.facts.base import Unknown
from kdoctor.model.facts.device_nodes import DeviceNode, DeviceNodes

PATTERNS = (
    "/dev/nvidia[0-9]*",
    "/dev/nvidiactl",
    "/dev/nvidia-uvm",
    "/dev/nvidia-uvm-tools",
    "/dev/dxg",
    "/dev/nvhost-gpu",
)
MODPROBE = "/usr/bin/nvidia-modprobe"
SET_UID = 0o4000


def probe(host: Host) -> DeviceNodes | Unknown:
    """Look at /dev; permissions are judged from mode, owner and the user's groups, nothing is opened."""
    if host.platform.os != "linux":
        return Unknown(reason=f"{host.platform.os} has no such nodes")
    nodes = tuple(
        node for pattern in PATTERNS for path in host.glob(pattern) if (node := _node(host, path)) is not None
    )
    return DeviceNodes(nodes=nodes, modprobe=can_make_nodes(host), user_groups=host.user.groups)


def can_make_nodes(host: Host) -> bool:
    """Whether the first CUDA program would make missing nodes by itself."""
    modprobe = host.stat(MODPROBE)
    return isinstance(modprobe, FileStat) and (host.user.uid == 0 or bool(modprobe.mode & SET_UID))


def _node(host: Host, path: str) -> DeviceNode | None:
    found = host.stat(path)
    if not isinstance(found, FileStat) or found.kind not in ("character", "file"):
        return None
    return DeviceNode(
        path=path,
        mode=f"{found.mode & 0o777:04o}",
        owner=found.owner or str(found.uid),
        group=found.group or str(found.gid),
        usable=may_use(found, host.user),
    )


def may_use(found: FileStat, user: User) -> bool:
    """Read and write permission by the mode bits; access lists are not read."""
    if user.uid == 0:
        return True
    shift = 6 if found.uid == user.uid else 3 if found.gid in user.gids else 0
    return (found.mode >> shift) & 0o6 == 0o6  # noqa: PLR2004  read and write
