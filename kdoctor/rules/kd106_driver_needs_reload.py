"""The driver is loaded and NVML answers, but CUDA can not be initialised until the driver is reloaded.

What it means: nvidia-smi lists the GPU, the nodes are there and open, and cuInit returns CUDA_ERROR_UNKNOWN (999).
After suspend and resume, or after a crash of a CUDA program, the module nvidia_uvm can be in that state.

Why it matters: every framework reports an unknown CUDA error or no GPU until it is mended, and nothing in the Python
environment changes that.

What to do: unload and load nvidia_uvm (no CUDA program may run), or restart. To keep it from coming back after
suspend, switch on the driver's own suspend services.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

CUDA_UNKNOWN = 999
UVM = "/dev/nvidia-uvm"


@rule(
    Declared(
        id="KD106",
        cause="driver-needs-reload",
        layer="driver-matched",
        severity="error",
        since="0.1.0",
        sources=(
            Source("jax-ml/jax and tensorflow threads on CUDA_ERROR_UNKNOWN after suspend (several)", "2026-11-21"),
        ),
        explains=("cuda-does-not-initialise",),
    )
)
def driver_needs_reload(
    libcuda: Libcuda,
    nvml: Nvml | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    container: Container | Absent | Unknown,
) -> Verdict:
    """cuInit says unknown error while NVML lists the GPU and every node may be opened."""
    if libcuda.init_code == 0:
        return Clear("cuInit succeeds")
    if libcuda.init_code != CUDA_UNKNOWN:
        return NotApplicable(f"cuInit returns {libcuda.init_code}, which is another fault")
    if isinstance(nvml, Unknown):
        return Undetermined(f"needs NVML's answer: {nvml.reason}")
    if isinstance(nvml, Absent) or nvml.error_code or not nvml.devices:
        return NotApplicable("NVML lists no GPU either")
    if isinstance(device_nodes, Unknown):
        return Undetermined(f"needs the device nodes: {device_nodes.reason}")
    nodes = {node.path: node.usable for node in device_nodes.nodes} if isinstance(device_nodes, DeviceNodes) else {}
    if not nodes.get(UVM, False):
        return NotApplicable(f"{UVM} is missing or closed to this user, which alone makes cuInit fail so")
    return Found(
        what="NVML lists the GPU, but cuInit returns 999 (CUDA_ERROR_UNKNOWN).",
        why="The module nvidia_uvm is in a state that only reloading it ends, most often after suspend and resume.",
        remedy=_remedy(container),
        evidence=(
            Evidence("cuInit", "999 CUDA_ERROR_UNKNOWN", libcuda.library),
            Evidence("NVML", f"{len(nvml.devices)} GPU, driver {nvml.driver_release}", nvml.library),
            Evidence("device nodes", "open to this user", ", ".join(sorted(nodes))),
        ),
        confidence="likely" if all(nodes.values()) else "possible",
    )


def _remedy(container: Container | Absent | Unknown) -> Remedy:
    reload = ("sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm",)
    if isinstance(container, Container):
        text = (
            "Restart the container. If it stays: on the host, reload nvidia_uvm while no CUDA program runs, or restart."
        )
        return Remedy(text=text, commands=reload, safety="needs-root")
    text = "Reload nvidia_uvm while no CUDA program runs, or restart."
    return Remedy(text=text, commands=reload, safety="needs-root")
