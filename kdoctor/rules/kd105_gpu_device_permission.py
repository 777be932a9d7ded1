"""The device nodes of the GPU are missing, or this user may not open them.

What it means: CUDA reaches the card through /dev/nvidiactl, /dev/nvidia0 ... and /dev/nvidia-uvm. One of them does
not exist (and nothing is there that would make it), or its mode, owner and group keep this user out.

Why it matters: cuInit returns CUDA_ERROR_NO_DEVICE or CUDA_ERROR_UNKNOWN although nvidia-smi may work for root.

What to do: have the nodes made at start-up (nvidia-modprobe), or add the user to the group that owns them. Inside a
container pass all of them in.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNode, DeviceNodes
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

NEEDED = ("/dev/nvidiactl", "/dev/nvidia-uvm")
LOAD_AT_START = "/etc/modules-load.d/nvidia-uvm.conf"
LOADED = {True: "loaded", False: "not loaded", None: "not known"}
NO_GROUP = ("root", "0", "nobody", "nogroup", "65534")


@rule(
    Declared(
        id="KD105",
        cause="gpu-device-permission",
        layer="device-nodes",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA driver README, chapter on the device files and nvidia-modprobe", "2026-11-21"),),
        explains=("driver-needs-reload", "cuda-does-not-initialise"),
    )
)
def gpu_device_permission(
    driver: Driver,
    device_nodes: DeviceNodes | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    container: Container | Absent,
    wsl: Wsl | Absent,
) -> Verdict:
    """Only where the module is loaded, and CUDA does not work all the same."""
    if isinstance(wsl, Wsl):
        return NotApplicable("under WSL the device is /dev/dxg")
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if not driver.module_loaded:
        return NotApplicable("the kernel module is not loaded")
    if isinstance(device_nodes, Unknown):
        return Undetermined(device_nodes.reason)
    in_container = isinstance(container, Container)
    if isinstance(device_nodes, Absent):
        return NotApplicable("this system has no such nodes")
    if in_container and not device_nodes.nodes:
        return NotApplicable("the container was given no GPU at all")
    closed = closed_nodes(device_nodes.nodes)
    if closed:
        return _closed(closed, device_nodes, sure=isinstance(libcuda, Libcuda), in_container=in_container)
    missing = missing_nodes(device_nodes.nodes)
    if not missing:
        return Clear("the nodes are there and open to this user")
    if device_nodes.modprobe:
        return Undetermined(f"{missing[0]} is missing; nvidia-modprobe would make it when a program first uses CUDA")
    return _missing(missing, device_nodes.nodes, driver, in_container=in_container)


def is_gpu(path: str) -> bool:
    """Whether the node is that of one GPU.

    >>> is_gpu("/dev/nvidia0"), is_gpu("/dev/nvidiactl")
    (True, False)
    """
    return path.removeprefix("/dev/nvidia").isdecimal()


def closed_nodes(nodes: tuple[DeviceNode, ...]) -> list[DeviceNode]:
    """The nodes that keep this user from CUDA: one that every program needs, or all GPUs; another's GPU does not."""
    gpus = [node for node in nodes if is_gpu(node.path)]
    shut = [node for node in gpus if not node.usable]
    return [node for node in nodes if node.path in NEEDED and not node.usable] + (
        shut if len(shut) == len(gpus) else []
    )


def missing_nodes(nodes: tuple[DeviceNode, ...]) -> list[str]:
    """The nodes that every program needs and that do not exist."""
    paths = {node.path for node in nodes}
    return [path for path in NEEDED if path not in paths] + ([] if any(map(is_gpu, paths)) else ["/dev/nvidia0"])


def _closed(closed: list[DeviceNode], section: DeviceNodes, *, sure: bool, in_container: bool) -> Found:
    node = closed[0]
    text = f"Add the user to the group `{node.group}`, then log out and in again."
    commands: tuple[str, ...] = (f'sudo usermod -a -G {node.group} "$USER"',)
    if node.group in NO_GROUP or node.mode[-2:-1] not in ("6", "7"):
        text = "Let the driver make its nodes open to every user, then restart."
        commands = ("echo options nvidia NVreg_DeviceFileMode=0666 | sudo tee /etc/modprobe.d/nvidia-nodes.conf",)
    if in_container:
        text = "Start the container with the group that owns the nodes on the host; rootless podman: keep all groups."
        commands = ("podman run --group-add keep-groups ...",)
    return Found(
        what=f"This user may not open {node.path} (mode {node.mode}, owner {node.owner}, group {node.group}).",
        why="CUDA needs read and write access to every node; without it cuInit fails for this user.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment" if in_container else "needs-root"),
        evidence=(
            *(Evidence("node", f"{item.mode} {item.owner}:{item.group}", item.path) for item in closed[:4]),
            Evidence("groups", ", ".join(section.user_groups) or "none", "id -nG"),
        ),
        confidence="certain" if sure else "likely",
    )


def _missing(missing: list[str], nodes: tuple[DeviceNode, ...], driver: Driver, *, in_container: bool) -> Found:
    text = "Install nvidia-modprobe, which makes the nodes, or load nvidia-uvm at start-up."
    commands: tuple[str, ...] = ("sudo nvidia-modprobe -c 0 -u", "sudo modprobe nvidia-uvm")
    do, them = ("does", "it") if len(missing) == 1 else ("do", "them")
    only_uvm = missing == ["/dev/nvidia-uvm"]
    if only_uvm and driver.uvm_loaded is False:
        text = "Load nvidia-uvm, CUDA's part of the driver, now and at every start; nvidia-smi works without it."
        commands = (
            "sudo modprobe nvidia-uvm",
            f"echo nvidia-uvm | sudo tee {LOAD_AT_START}",
            "sudo nvidia-modprobe -u",
        )
    if in_container:
        text = "Start the container with the NVIDIA runtime, which passes all nodes in."
        commands = ("docker run --gpus all ...",)
    return Found(
        what=f"{', '.join(missing)} {do} not exist, and nothing here makes {them}.",
        why="CUDA reaches the card through these nodes; cuInit fails without them although the module is loaded.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment" if in_container else "needs-root"),
        evidence=(
            *(Evidence("missing node", path, "/dev") for path in missing),
            Evidence("nodes there", ", ".join(node.path for node in nodes) or "none", "/dev"),
            *((Evidence("module nvidia_uvm", LOADED[driver.uvm_loaded], "/proc/modules"),) if only_uvm else ()),
        ),
    )
