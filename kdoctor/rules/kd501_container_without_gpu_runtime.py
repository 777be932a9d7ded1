"""The container was started without the GPU.

What it means: the host has an NVIDIA GPU with a running driver (its kernel part is visible from inside), and the
container has neither the device nodes nor the driver's libraries. The engine passes them in only when asked:
`--gpus all`, `--runtime=nvidia`, a CDI device, `--nv` for Apptainer, a resource request in Kubernetes.

Why it matters: inside, everything looks as if there were no driver, and no package in the image can mend it.

What to do: start the container with the GPU. Do not install a driver into the image.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

HOW = {
    "docker": ("docker run --gpus all ...",),
    "containerd": ("docker run --gpus all ...",),
    "podman": ("podman run --device nvidia.com/gpu=all ...",),
    "kubernetes": ("kubectl explain pod.spec.containers.resources   # ask for: limits: {nvidia.com/gpu: 1}",),
    "apptainer": ("apptainer exec --nv IMAGE ...",),
    "lxc": ("lxc config device add NAME gpu gpu",),
}


@rule(
    Declared(
        id="KD501",
        cause="container-without-gpu-runtime",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA Container Toolkit documentation: --gpus, CDI, NVIDIA_VISIBLE_DEVICES", "2026-11-21"),),
        explains=(
            "driver-missing", "driver-not-loaded", "gpu-device-permission", "driver-libraries-not-found",
            "no-nvidia-gpu", "cuda-lib-missing", "wheel-outside-runpath",
        ),
    )
)  # fmt: skip
def container_without_gpu_runtime(  # noqa: PLR0913  what shows the host's GPU, and what shows that it is passed in
    container: Container,
    gpus: Gpus | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    driver_search: DriverSearch | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Verdict:
    """A container that shows or asks for a GPU and got neither nodes nor libraries."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    loaded = isinstance(driver, Driver) and driver.module_loaded
    if not (has_nvidia(gpus) or loaded or container.gpu_asked_by):
        return NotApplicable("nothing shows or asks for a GPU")
    nodes = device_nodes.nodes if isinstance(device_nodes, DeviceNodes) else ()
    found = isinstance(driver_search, DriverSearch) and driver_search.cuda.state != "missing"
    if nodes and found:
        return Clear("device nodes and the driver's library are in the container")
    if isinstance(driver_search, Unknown) or isinstance(device_nodes, Unknown):
        return Undetermined("needs the search for libcuda.so.1 and the device nodes")
    if nodes:
        return NotApplicable("device nodes are there; only the libraries are missing (see container-driver-capabilities)")
    if found and not has_nvidia(gpus) and not loaded:
        return NotApplicable("the image has a driver library of its own, and no GPU is visible")
    sure = has_nvidia(gpus) or loaded
    return Found(
        what=f"This {container.kind} container was not given the GPU: no /dev/nvidia* and no driver library.",
        why="The engine passes device nodes and the driver's libraries in only when asked; no package inside replaces them.",
        remedy=Remedy(
            text="Start the container with the GPU; the host needs the NVIDIA container toolkit for it.",
            commands=HOW.get(container.kind, ()),
        ),
        evidence=(
            Evidence("container", container.kind, ", ".join(container.signs)),
            *((Evidence("asks for", container.gpu_asked_by, "environment"),) if container.gpu_asked_by else ()),
            *((Evidence("host's driver", str(driver.release or "loaded"), "/proc/driver/nvidia/version"),) if isinstance(driver, Driver) and loaded else ()),
            Evidence("device nodes", "none", "/dev/nvidia*"),
            *seen_gpus(gpus),
        ),
        severity=None if sure else "warning",
        confidence="certain" if sure else "possible",
    )
