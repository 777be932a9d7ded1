"""A Jetson's GPU is on the chip, and the framework from the package index has no code for it.

What it means: the package index has TensorFlow for aarch64 as a CPU build only, and what it has of PyTorch is not for
a Jetson. NVIDIA makes builds of both for each release of JetPack.

Why it matters: the build lists no GPU, whatever JetPack brings. The GPU is on no bus, so that tools which look there
see nothing either.

What to do: install NVIDIA's build for this JetPack, or use NVIDIA's container for it.
"""

from kdoctor.advice import has_nvidia, is_on_chip, pip, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

ON_CHIP = "/dev/nvhost-gpu"
OF_NVIDIA = {
    "tensorflow": (
        "tensorflow==2.16.1+nv24.8",
        "--extra-index-url",
        "https://developer.download.nvidia.com/compute/redist/jp/v61",
    ),
    "torch": ("torch", "--index-url", "https://pypi.jetson-ai-lab.io/jp6/cu126"),
}


@rule(
    Declared(
        id="KD321",
        cause="cpu-only-build-installed",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA: Installing TensorFlow for Jetson Platform; wheels of tensorflow for aarch64", "2026-11-22"),
        ),
    )
)
def jetson_cpu_build(
    system: System,
    frameworks: Frameworks,
    device_nodes: DeviceNodes | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    interpreter: Interpreter,
    tensorflow: Tensorflow | Absent | Unknown,
) -> Verdict:
    """An aarch64 machine with the node of a GPU on the chip, and only CPU builds in use."""
    if system.machine != "aarch64":
        return NotApplicable("this is not an aarch64 machine")
    nodes = device_nodes.nodes if isinstance(device_nodes, DeviceNodes) else ()
    listed = is_on_chip(system, gpus)
    if not listed and has_nvidia(gpus):
        return NotApplicable("the GPU is on the bus, and cpu-only-build-installed judges")
    if not listed and isinstance(device_nodes, Unknown):
        return Undetermined(f"needs the device nodes: {device_nodes.reason}")
    if not listed and all(node.path != ON_CHIP for node in nodes):
        return NotApplicable(f"there is no {ON_CHIP}, and the driver lists no GPU that is on no bus")
    active = [build for build in frameworks.builds if build.active]
    if (
        isinstance(tensorflow, Tensorflow)
        and len(tensorflow.distributions) > 1
        and active
        and active[0].framework == "tensorflow"
    ):
        return Clear("several TensorFlow distributions overlap: which of them is in use is not known yet")
    if not active or any(build.gpu != "none" for build in active):
        return Clear("the framework in use is not known to be a CPU build")
    return _found(active[0], interpreter, gpus, ON_CHIP if any(node.path == ON_CHIP for node in nodes) else "")


def _found(build: Build, interpreter: Interpreter, gpus: Gpus | Absent | Unknown, node: str) -> Found:
    wanted = OF_NVIDIA.get(build.framework, OF_NVIDIA["torch"])
    return Found(
        what=f"{build.title} is a CPU build; this is a Jetson, with its GPU on the chip.",
        why="The package index has no build for a Jetson's GPU: this one trains on the CPU.",
        remedy=Remedy(
            text="Install NVIDIA's build for the JetPack that the first command shows; named here is JetPack 6's.",
            commands=("cat /etc/nv_tegra_release", pip(interpreter, "install", *wanted)),
            safety="changes-environment",
        ),
        evidence=(
            *((Evidence("GPU on the chip", node, "/dev"),) if node else ()),
            *seen_gpus(gpus),
            Evidence("build", "no CUDA in it", build.facts_from or build.directory),
        ),
    )
