"""TensorFlow from 2.11 on has no GPU support on native Windows.

What it means: 2.10 was the last release with CUDA for native Windows; from 2.11 on the Windows wheel is a CPU build.

Why it matters: no driver, CUDA toolkit or cuDNN on Windows changes that; TensorFlow lists no GPU and says little.

What to do: use WSL2, where the Linux wheels run on the Windows driver; or TensorFlow 2.10 with CUDA 11.2 and cuDNN
8.1; or another backend (PyTorch has CUDA on Windows).
"""

from kdoctor.advice import has_nvidia
from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.system import System
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD306",
        cause="tf-windows-native-gpu-dropped",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(Source("tensorflow/docs site/en/install/pip.md @7c36502", "2026-11-21"),),
        explains=("cpu-only-build-installed", "cuda-lib-missing"),
    )
)
def tf_windows_native_gpu_dropped(
    system: System, tensorflow: Tensorflow, frameworks: Frameworks, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """TensorFlow on Windows by its release."""
    if system.os != "windows":
        return NotApplicable("this is not Windows")
    build = frameworks.get("tensorflow")
    if build is not None and not build.active:
        return Clear(f"Keras uses another backend than TensorFlow ({frameworks.builds[0].title})")
    if not isinstance(gpus, Unknown) and not has_nvidia(gpus):
        return NotApplicable("a CPU build on a machine without an NVIDIA GPU is as it should be")
    row = table.release_of(tensorflow.release) if tensorflow.release else None
    if row is None and tensorflow.release and tensorflow.release > table.newest().version:
        row = table.newest()
    if row is None:
        return Undetermined(f"TensorFlow {tensorflow.version} is not in the tables")
    if row.windows_gpu:
        return Clear(f"TensorFlow {row.version} has a GPU build for Windows")
    return Found(
        what=f"TensorFlow {tensorflow.version} has no GPU support on native Windows (2.10 was the last).",
        why="The Windows wheel is a CPU build; driver, CUDA and cuDNN on Windows do not matter to it.",
        remedy=Remedy(
            text=(
                "Use WSL2 and install TensorFlow there; the Windows driver serves it. Or stay on Windows with PyTorch "
                "as Keras's backend, from PyTorch's own index: the package index has only its CPU build for Windows."
            ),
            commands=("wsl --install", "python3 -m pip install 'tensorflow[and-cuda]'   # inside WSL"),
        ),
        evidence=(
            Evidence("system", "Windows", "platform"),
            Evidence("tensorflow", tensorflow.version, tensorflow.directory),
        ),
        severity=None if has_nvidia(gpus) else "warning",
    )
