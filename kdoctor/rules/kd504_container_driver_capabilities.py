"""The container has the GPU's device nodes, but not the driver's compute libraries.

What it means: the NVIDIA runtime passes in the parts that NVIDIA_DRIVER_CAPABILITIES names. Without `compute` (or
`all`) libcuda.so.1 stays outside. Passing only --device /dev/nvidia0 does the same.

Why it matters: nvidia-smi may work (it is the capability `utility`), while frameworks find no libcuda.so.1.

What to do: set NVIDIA_DRIVER_CAPABILITIES=compute,utility and use the NVIDIA runtime.
"""

from __future__ import annotations

from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD504",
        cause="container-without-gpu-runtime",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA Container Toolkit documentation: driver capabilities", "2026-11-21"),),
        explains=("cuda-lib-missing", "driver-libraries-not-found", "wheel-outside-runpath", "driver-missing"),
    )
)
def container_driver_capabilities(
    container: Container, device_nodes: DeviceNodes, driver_search: DriverSearch, environ: Environ
) -> Verdict:
    """Nodes without libcuda in a container."""
    if not any(node.path.removeprefix("/dev/nvidia").isdigit() for node in device_nodes.nodes):
        return NotApplicable("there is no /dev/nvidia0")
    if driver_search.cuda.state == "opens":
        return Clear(f"{driver_search.cuda.path} is in the container")
    value = environ.variables.get("NVIDIA_DRIVER_CAPABILITIES")
    return Found(
        what="The container has /dev/nvidia*, but not the driver's library libcuda.so.1.",
        why="Frameworks open libcuda.so.1 by name; the runtime passes it in only with the capability `compute`.",
        remedy=Remedy(
            text="Start the container with the NVIDIA runtime and the capability `compute`.",
            commands=("docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ...",),
        ),
        evidence=(
            Evidence("container", container.kind, ", ".join(container.signs)),
            Evidence("NVIDIA_DRIVER_CAPABILITIES", value if value is not None else "not set", "environment"),
            Evidence("libcuda.so.1", driver_search.cuda.why_not or "not found", "loader"),
        ),
    )
