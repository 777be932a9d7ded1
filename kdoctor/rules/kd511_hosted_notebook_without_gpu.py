"""The hosted notebook (Google Colab, Kaggle) runs on a machine without a GPU.

What it means: these services choose the machine by a setting of the notebook, and the usual choice has no GPU.

Why it matters: TensorFlow, JAX and PyTorch list no GPU. No package changes that; the machine has none.

What to do: choose a runtime with a GPU in the notebook's menu. It starts anew, and variables and files are lost.
"""

from kdoctor.advice import has_nvidia
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

SERVICES = (
    ("COLAB_RELEASE_TAG", "Google Colab", "Menu: Runtime > Change runtime type > T4 GPU (or another GPU)."),
    (
        "KAGGLE_KERNEL_RUN_TYPE",
        "Kaggle",
        "Menu: Settings > Accelerator > a GPU. It needs an account with a verified phone number and quota left.",
    ),
)
TPU = ("COLAB_TPU_1VM", "TPU_NAME", "TPU_WORKER_ID", "TPU_ACCELERATOR_TYPE")


@rule(
    Declared(
        id="KD511",
        cause="no-nvidia-gpu",
        layer="container",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("Google Colab FAQ: runtime types; COLAB_RELEASE_TAG in CPU runtimes too", "2026-11-22"),
            Source("Kaggle documentation: notebooks, accelerators", "2026-11-22"),
        ),
        explains=("no-nvidia-gpu", "container-without-gpu-runtime", "cuda-lib-missing", "driver-missing"),
    )
)
def hosted_notebook_without_gpu(
    environ: Environ,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    device_nodes: DeviceNodes | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Verdict:
    """The service's own variable, and no source that shows a GPU; a runtime with a TPU is meant so."""
    variables = environ.variables
    found = next((row for row in SERVICES if variables.get(row[0])), None)
    if found is None:
        return NotApplicable("this is neither Google Colab nor Kaggle")
    variable, service, menu = found
    if has_nvidia(gpus) or (isinstance(libcuda, Libcuda) and libcuda.devices):
        return Clear(f"this {service} runtime has an NVIDIA GPU")
    tpu = next((name for name in TPU if variables.get(name)), "")
    if tpu:
        return NotApplicable(f"this {service} runtime has a TPU ({tpu})")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("the installed frameworks are CPU builds")
    if isinstance(device_nodes, Unknown) and isinstance(gpus, Unknown):
        return Undetermined(f"needs to know the GPUs: {gpus.reason}")
    if isinstance(device_nodes, DeviceNodes) and device_nodes.nodes:
        return NotApplicable("device nodes of a GPU are there")
    return Found(
        what=f"This {service} notebook runs on a machine without a GPU.",
        why="The service gives a GPU only to notebooks that ask for one; training runs on the CPU.",
        remedy=Remedy(text=menu),
        evidence=(
            Evidence(variable, variables[variable], "environment"),
            Evidence("NVIDIA GPU", "none", "PCI bus, NVML, cuInit"),
            Evidence("device nodes", "none", "/dev/nvidia*"),
        ),
        confidence="likely",
    )
