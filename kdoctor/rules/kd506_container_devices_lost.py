"""The container has the GPU's device nodes, but the kernel does not let it open them.

What it means: a container may open only the devices that its control group lists. After `systemctl daemon-reload` on
the host, systemd writes that list anew without the GPU that the NVIDIA runtime had added; or it never was in it
(`no-cgroups = true`, an unprivileged LXC container). The nodes stay in /dev and look open.

Why it matters: nvidia-smi says "Failed to initialize NVML: Unknown Error", cuInit fails, and what worked in this
container stops working.

What to do: make the container anew. To keep it from coming back, have the engine know the devices (CDI), or let Docker
manage control groups by itself.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

NVML_UNKNOWN = 999
AGAIN = {
    "docker": ("docker restart CONTAINER", "docker run --device nvidia.com/gpu=all ...   # where CDI is enabled"),
    "podman": ("podman restart CONTAINER", "podman run --device nvidia.com/gpu=all ..."),
    "kubernetes": ("kubectl delete pod POD   # its controller makes a new one",),
    "lxc": ("lxc config device add NAME gpu gpu", "lxc config set NAME nvidia.runtime true", "lxc restart NAME"),
}


@rule(
    Declared(
        id="KD506",
        cause="gpu-device-permission",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "NVIDIA/nvidia-docker#1730 and NVIDIA/nvidia-container-toolkit#48, #1227: Unknown Error", "2026-11-22"
            ),
        ),
        explains=("cuda-does-not-initialise", "driver-needs-reload"),
    )
)
def container_devices_lost(
    container: Container,
    device_nodes: DeviceNodes | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Verdict:
    """Nodes that look open, and NVML that answers "Unknown Error"."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if isinstance(device_nodes, Unknown):
        return Undetermined(device_nodes.reason)
    if isinstance(device_nodes, Absent) or not device_nodes.complete:
        return NotApplicable("the container has not got the device nodes")
    if not all(node.usable for node in device_nodes.nodes):
        return NotApplicable("a node is closed by its mode (see gpu-device-permission)")
    if isinstance(nvml, Unknown):
        return Undetermined(f"needs NVML's answer: {nvml.reason}")
    if isinstance(nvml, Absent) or nvml.error_code != NVML_UNKNOWN:
        return Clear("NVML does not say: Unknown Error")
    return Found(
        what=f"This {container.kind} container has /dev/nvidia*, but may not open them: NVML says {nvml.error[:24]}.",
        why="The container's control group does not list the GPU, most often after `systemctl daemon-reload`.",
        remedy=Remedy(
            text="Make the container anew; keep it from coming back with CDI, or with cgroupfs as Docker's driver.",
            commands=AGAIN.get(container.kind, AGAIN["docker"]),
        ),
        evidence=(
            Evidence("NVML", f"{nvml.error_code} {nvml.error}", nvml.library),
            Evidence("device nodes", "there, mode open", ", ".join(node.path for node in device_nodes.nodes)),
            Evidence("container", container.kind, ", ".join(container.signs)),
        ),
        confidence="likely",
    )
