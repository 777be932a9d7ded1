"""The container has the GPU's device nodes, but not the driver's compute libraries.

What it means: the NVIDIA runtime passes in the parts that NVIDIA_DRIVER_CAPABILITIES names. Without `compute` (or
`all`) libcuda.so.1 stays outside. Passing only --device /dev/nvidia0 does the same.

Why it matters: nvidia-smi may work (it is the capability `utility`), while frameworks find no libcuda.so.1.

What to do: use the NVIDIA runtime with NVIDIA_DRIVER_CAPABILITIES=compute,utility; in Kubernetes a runtime class.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

HOW = {
    "docker": ("docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ...",),
    "containerd": ("docker run --gpus all -e NVIDIA_DRIVER_CAPABILITIES=compute,utility ...",),
    "podman": ("podman run --device nvidia.com/gpu=all ...", "distrobox create --nvidia ..."),
    "kubernetes": ("kubectl get runtimeclass", "kubectl explain pod.spec.runtimeClassName   # set it to: nvidia"),
    "apptainer": ("apptainer exec --nv IMAGE ...",),
    "lxc": ("lxc config set NAME nvidia.runtime true",),
}


@rule(
    Declared(
        id="KD504",
        cause="container-without-gpu-runtime",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(Source("NVIDIA Container Toolkit documentation: driver capabilities", "2026-11-21"),),
        explains=(
            "cuda-lib-missing",
            "driver-libraries-not-found",
            "wheel-outside-runpath",
            "driver-missing",
            "cuda-does-not-initialise",
        ),
    )
)
def container_driver_capabilities(
    container: Container,
    frameworks: Frameworks | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    device_nodes: DeviceNodes,
    driver_search: DriverSearch,
    environ: Environ,
) -> Verdict:
    """Nodes without libcuda in a container."""
    if not any(node.path.removeprefix("/dev/nvidia").isdecimal() for node in device_nodes.nodes):
        return NotApplicable("there is no /dev/nvidia0")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("the installed frameworks are CPU builds")
    cuda = driver_search.cuda
    if cuda.state == "opens" and not cuda.is_stub:
        return Clear(f"{cuda.path} is in the container")
    if isinstance(driver, Driver) and driver.module_loaded and has_libcuda(driver):
        return NotApplicable("a driver's libcuda.so.1 is in the container (see driver-libraries-not-found)")
    value = environ.variables.get("NVIDIA_DRIVER_CAPABILITIES")
    what = "only a stub of" if cuda.is_stub else "not"
    return Found(
        what=f"The container has /dev/nvidia*, but {what} the driver's libcuda.so.1.",
        why="Frameworks open libcuda.so.1 by name; the runtime passes it in only with the capability `compute`.",
        remedy=Remedy(
            text="Start the container with the NVIDIA runtime and the capability `compute`.",
            commands=HOW.get(container.kind, ()),
        ),
        evidence=(
            Evidence("container", container.kind, ", ".join(container.signs)),
            Evidence("NVIDIA_DRIVER_CAPABILITIES", value if value is not None else "not set", "environment"),
            Evidence("libcuda.so.1", cuda.why_not or cuda.realpath or "not found", "loader"),
        ),
    )


def has_libcuda(driver: Driver) -> bool:
    """Whether a libcuda.so.1 of a driver is on disk, in the search order or not."""
    return any(item.soname == "libcuda.so.1" and item.kind == "driver" for item in driver.libraries)
