"""XLA does not find libdevice, which it needs to compile for the GPU.

What it means: XLA (jit_compile, Keras optimizers from TF 2.11, all of JAX) reads nvvm/libdevice/libdevice.10.bc from a
CUDA directory. It looks in a fixed list of places; in older releases the environment's own prefix is not among them.

Why it matters: the GPU is listed, then training stops with "libdevice not found at ./libdevice.10.bc".

What to do: tell XLA the directory with XLA_FLAGS, or install the package that brings the file where XLA looks.
"""

from kdoctor.advice import has_nvidia, pip, quoted
from kdoctor.knowledge import cuda
from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_tools import CudaTools
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD209",
        cause="libdevice-missing",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(Source("tensorflow/tensorflow#58681; openxla/xla cuda_root_path.cc", "2026-11-21"),),
    )
)
def libdevice_missing(
    frameworks: Frameworks, cuda_tools: CudaTools, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """No libdevice in XLA's places, for a TensorFlow whose Keras compiles with XLA."""
    build = next((item for item in frameworks.builds if item.gpu == "cuda" and item.framework != "torch"), None)
    release = parse_release(build.version) if build and build.framework == "tensorflow" else None
    if build is None or release is None or release < table.limits().keras_uses_xla:
        return NotApplicable("no TensorFlow that compiles with XLA by itself is in use")
    if build.distribution.endswith("(conda)"):
        return NotApplicable("conda's builds are told their own directory")
    if cuda_tools.libdevice:
        return Clear(f"{cuda_tools.libdevice} ({cuda_tools.libdevice_via})")
    if not has_nvidia(gpus):
        return NotApplicable("there is no NVIDIA GPU to compile for")
    elsewhere = next(iter(cuda_tools.libdevice_elsewhere), "")
    root = elsewhere.removesuffix("/nvvm/libdevice/libdevice.10.bc")
    if elsewhere and root != elsewhere:
        text = "Tell XLA where the file is, before Python starts."
        commands: tuple[str, ...] = (f"export XLA_FLAGS=--xla_gpu_cuda_data_dir={quoted(root)}",)
    else:
        package = cuda.pip_package("nvcc", build.cuda.major) if build.cuda else None
        text = "Install the package that brings it where XLA looks."
        commands = (pip(interpreter, "install", package),) if package else ()
    return Found(
        what="XLA does not find nvvm/libdevice/libdevice.10.bc in any of its places.",
        why=f"{build.title} compiles Keras optimizers with XLA; without the file training on the GPU stops.",
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            *(Evidence("looked in", place, "XLA's list") for place in cuda_tools.looked),
            *(Evidence("elsewhere", place, "not searched by XLA") for place in cuda_tools.libdevice_elsewhere[:2]),
        ),
        severity=None if build.active else "warning",
        confidence="likely",
    )
