"""The systemd service has a /dev of its own, without the GPU's device nodes.

What it means: `PrivateDevices=yes` in the unit gives the service a /dev that holds null, zero, random and the like, and
nothing of the driver. Other programs of the machine see the nodes.

Why it matters: in the service (a notebook hub, an API server, a job runner) no framework lists a GPU, while the same
environment works in a shell.

What to do: switch it off for this unit, reload systemd and restart the service.
"""

from kdoctor.advice import has_nvidia, quoted, seen_gpus, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.service import Service
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD507",
        cause="gpu-device-permission",
        layer="device-nodes",
        severity="error",
        since="0.1.0",
        sources=(Source("systemd.exec(5): PrivateDevices=", "2026-11-22"),),
        explains=("gpu-device-permission", "cuda-does-not-initialise", "driver-needs-reload"),
    )
)
def service_private_devices(
    service: Service,
    container: Container | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Verdict:
    """A service with a small /dev, on a machine whose driver is loaded."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if not service.own_dev:
        return Clear(f"{service.unit} sees the machine's /dev")
    if isinstance(container, Container):
        return NotApplicable("in a container /dev is the engine's")
    if isinstance(driver, Unknown) or isinstance(device_nodes, Unknown):
        return Undetermined("needs the driver and the device nodes")
    if not (has_nvidia(gpus) and isinstance(driver, Driver) and driver.module_loaded):
        return NotApplicable("there is no NVIDIA GPU with a loaded driver")
    if isinstance(device_nodes, DeviceNodes) and device_nodes.nodes:
        return Clear("the nodes were bound into the service's /dev")
    unit = quoted(service.unit)
    running = quoted(service.unit.replace("@.", "@*."))
    lines = "[Service]\\nPrivateDevices=no\\n"
    return Found(
        what=f"The service {shortened(service.unit, 40)} has a /dev of its own, without /dev/nvidia*.",
        why="CUDA reaches the card through these nodes; the driver is loaded, and a shell on this machine sees them.",
        remedy=Remedy(
            text="Switch PrivateDevices off for this unit, then restart it.",
            commands=(
                f"systemctl show -p PrivateDevices {running}",
                f"sudo mkdir -p /etc/systemd/system/{unit}.d",
                f"printf '{lines}' | sudo tee /etc/systemd/system/{unit}.d/gpu.conf",
                f"sudo systemctl daemon-reload && sudo systemctl restart {running}",
            ),
            safety="needs-root",
        ),
        evidence=(
            Evidence("service", service.unit, "/proc/self/cgroup"),
            Evidence("/dev", "a tmpfs of its own", "/proc/self/mounts"),
            Evidence("device nodes", "none", "/dev/nvidia*"),
            *seen_gpus(gpus),
        ),
        confidence="likely",
    )
