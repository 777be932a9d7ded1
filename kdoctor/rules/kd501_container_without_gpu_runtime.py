"""The container was started without the GPU.

What it means: the host has an NVIDIA GPU with a running driver (its kernel part is visible from inside), and the
container has neither the device nodes nor the driver's libraries. The engine passes them in only when asked:
`--gpus all`, `--runtime=nvidia`, a CDI device, `--nv` for Apptainer, a resource request in Kubernetes.

Why it matters: inside, everything looks as if there were no driver, and no package in the image can mend it.

What to do: start the container with the GPU. Do not install a driver into the image.
"""

from kdoctor.advice import has_nvidia, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.pci import Pci
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

VISIBLE = "NVIDIA_VISIBLE_DEVICES"
HOW = {
    "docker": ("docker run --gpus all ...",),
    "containerd": ("docker run --gpus all ...",),
    "podman": ("podman run --device nvidia.com/gpu=all ...",),
    "kubernetes": ("kubectl explain pod.spec.containers.resources   # ask for: limits: {nvidia.com/gpu: 1}",),
    "apptainer": ("apptainer exec --nv IMAGE ...",),
    "lxc": ("lxc config device add NAME gpu gpu", "lxc config set NAME nvidia.runtime true"),
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
            "driver-missing",
            "driver-not-loaded",
            "gpu-device-permission",
            "driver-libraries-not-found",
            "no-nvidia-gpu",
            "cuda-lib-missing",
            "wheel-outside-runpath",
            "cuda-does-not-initialise",
        ),
    )
)
def container_without_gpu_runtime(
    container: Container,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    pci: Pci | Absent | Unknown,
    driver: Driver | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    driver_search: DriverSearch | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    environ: Environ | Absent | Unknown,
) -> Verdict:
    """A container on a host with a loaded driver, or one that asks for a GPU, that got no device nodes."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("a CPU build in a container without a GPU is as it should be")
    loaded = is_loaded(driver, pci)
    if has_nvidia(gpus) and not loaded and not isinstance(driver, Unknown):
        return NotApplicable("the host has no NVIDIA driver loaded (see driver-not-loaded)")
    if not (has_nvidia(gpus) or loaded or container.gpu_asked_by):
        return NotApplicable("nothing shows or asks for a GPU")
    if isinstance(device_nodes, DeviceNodes) and device_nodes.nodes:
        return Clear("device nodes of a GPU are in the container")
    if isinstance(driver_search, Unknown) or isinstance(device_nodes, Unknown):
        return Undetermined("needs the search for libcuda.so.1 and the device nodes")
    return _found(container, driver_search, gpus, refused_by(environ), sure=loaded)


def is_loaded(driver: Driver | Absent | Unknown, pci: Pci | Absent | Unknown) -> bool:
    """Whether the kernel, which is the host's, has the module."""
    bound = [item.kernel_driver for item in pci.devices] if isinstance(pci, Pci) else []
    return "nvidia" in bound or (isinstance(driver, Driver) and driver.module_loaded)


def refused_by(environ: Environ | Absent | Unknown) -> str:
    """NVIDIA_VISIBLE_DEVICES where its value tells the NVIDIA runtime to pass no GPU in, "" if it does not."""
    value = environ.variables.get(VISIBLE, "") if isinstance(environ, Environ) else ""
    return f"{VISIBLE}={value}" if value in ("void", "none") else ""


def library_here(search: DriverSearch) -> str:
    """What the search for libcuda.so.1 finds instead of the library that the engine passes in."""
    if search.cuda.state == "missing":
        return "no driver library"
    return "only a toolkit's stub" if search.cuda.is_stub else "only the image's own libcuda"


def _found(
    container: Container, search: DriverSearch, gpus: Gpus | Absent | Unknown, refused: str, *, sure: bool
) -> Found:
    what = f"This {container.kind} container was not given the GPU: no /dev/nvidia*, {library_here(search)}."
    without = f", and without {refused}, which keeps it out" if refused else ""
    if not sure:
        what = f"The image of this {container.kind} container asks for a GPU, and none was given to it."
    return Found(
        what=what,
        why="The engine passes device nodes and the driver's libraries in only when asked; no package replaces them.",
        remedy=Remedy(
            text=f"Start the container with the GPU{without}; the host needs the NVIDIA container toolkit for it.",
            commands=HOW.get(container.kind, ()),
        ),
        evidence=(
            Evidence("container", container.kind, ", ".join(container.signs)),
            *((Evidence("asks for", container.gpu_asked_by, "environment"),) if container.gpu_asked_by else ()),
            *((Evidence("keeps it out", refused, "environment"),) if refused else ()),
            *((Evidence("host's driver", "loaded", "/proc/driver/nvidia/version, PCI bus"),) if sure else ()),
            Evidence("device nodes", "none", "/dev/nvidia*"),
            Evidence("libcuda.so.1", search.cuda.realpath or "not found", "loader"),
            *seen_gpus(gpus),
        ),
        severity=None if sure else "warning",
        confidence="certain" if sure else "possible",
    )
