"""The framework: its build, its parts, what it needs of the system."""

from __future__ import annotations

import re

from tests.mutation.altered import BUILD_INFO, PYTHON, Altered, UnfitError
from tests.mutation.fault import fault

CPU_BUILD = "build_info = {'is_cuda_build': False, 'is_rocm_build': False, 'is_tensorrt_build': False}\n"
TENSORFLOW = ("tensorflow", "tensorflow-gpu")


def tensorflow_wheel(machine: Altered) -> tuple[str, str]:
    """Name and version of a GPU TensorFlow that pip installed."""
    found = next((name for name in TENSORFLOW if name in machine.distributions()), "")
    if not found or "CONDA_PREFIX" in machine.environ:
        raise UnfitError("no TensorFlow from the package index")
    return found, machine.version(found)


def cpu_files(machine: Altered) -> None:
    """The files of a CPU TensorFlow."""
    path = f"{machine.site}/tensorflow/{BUILD_INFO}"
    if "'is_cuda_build', True" not in machine.read(path) and "is_cuda_build = True" not in machine.read(path):
        raise UnfitError("it is a CPU build already")
    machine.write(path, CPU_BUILD)


@fault("cpu-only-build-installed", "framework-build")
def cpu_build_of_tensorflow(machine: Altered) -> None:
    """tensorflow-cpu instead of tensorflow."""
    name, version = tensorflow_wheel(machine)
    cpu_files(machine)
    machine.uninstall(name)
    machine.install("tensorflow" if name == "tensorflow-gpu" else "tensorflow-cpu", version)


@fault("cpu-only-build-installed", "framework-build")
def cpu_build_of_conda(machine: Altered) -> None:
    """conda's solver saw no driver and took the build for the CPU."""
    prefix = machine.environ.get("CONDA_PREFIX", "")
    records = [path.name for path in machine.place(f"{prefix}/conda-meta").glob("tensorflow-*") if prefix]
    if not records:
        raise UnfitError("no TensorFlow from conda")
    for record in records:
        text = machine.read(f"{prefix}/conda-meta/{record}")
        machine.remove(f"{prefix}/conda-meta/{record}")
        machine.write(f"{prefix}/conda-meta/{re.sub('cuda[0-9]+', 'cpu_', record)}", re.sub("cuda[0-9]+", "cpu_", text))
    cpu_files(machine)


@fault("cpu-only-build-installed", "framework-build")
def cpu_build_of_torch(machine: Altered) -> None:
    """The wheel of PyTorch's index for the CPU."""
    path = f"{machine.site}/torch/version.py"
    text = machine.read(path)
    if "jax" in machine.distributions() or "tensorflow" in machine.distributions():
        raise UnfitError("Keras uses another backend")
    machine.write(path, re.sub(r"\+cu\d+", "+cpu", re.sub(r"'\d\d\.\d'", "None", text)))


@fault("cpu-only-build-installed", "framework-build")
def jax_without_plugin(machine: Altered) -> None:
    """`pip install jax` without the extra."""
    machine.uninstall("jax-cuda12-plugin")
    machine.uninstall("jax-cuda12-pjrt")
    folder = f"{machine.site}/jax_plugins/"
    for path in [path for path in machine.elves if path.startswith(folder)]:
        machine.remove(path)


@fault("tensorflow-packages-overlap", "framework-build", needs_gpu=False)
def overwritten_by_cpu_build(machine: Altered) -> None:
    """A requirement of another package brought tensorflow-cpu, over the files of the other."""
    _, version = tensorflow_wheel(machine)
    cpu_files(machine)
    machine.install("tensorflow-cpu", version)


@fault("jax-plugin-mismatch", "framework-build")
def plugin_of_another_release(machine: Altered) -> None:
    """jax and jaxlib were updated, the plug-in was not."""
    for name in ("jax-cuda12-plugin", "jax-cuda12-pjrt"):
        machine.version(name)
        machine.replace(name, "0.7.2")


@fault("tensorflow-not-installed", "framework-build", needs_gpu=False)
def backend_removed(machine: Altered) -> None:
    """Keras is left without what does the work."""
    remove_framework(machine)


def remove_framework(machine: Altered) -> None:
    """Uninstall every backend; Keras 3 stays."""
    if int(machine.version("keras").partition(".")[0]) < 3 or "CONDA_PREFIX" in machine.environ:
        raise UnfitError("this Keras has one backend, or conda's records have it")
    found = [name for name in machine.distributions() if re.match(r"(tensorflow|jax|torch)", name)]
    if not found:
        raise UnfitError("no backend is installed")
    for name in found:
        machine.uninstall(name)
    for folder in ("tensorflow", "jax_plugins", "jax", "jaxlib", "torch"):
        path = f"{machine.site}/{folder}"
        if machine.exists(path) or any(key.startswith(f"{path}/") for key in machine.elves):
            for key in [key for key in machine.elves if key.startswith(f"{path}/")]:
                del machine.elves[key]
            if machine.exists(path):
                machine.remove(path)


@fault("glibc-too-old", "framework-build", needs_gpu=False)
def c_library_too_old(machine: Altered) -> None:
    """A distribution older than every wheel."""
    tensorflow_wheel(machine) if "tensorflow-cpu" not in machine.distributions() else None
    found = [path for path in machine.elves if path.endswith("/libc.so.6")]
    if not found:
        raise UnfitError("there is no C library")
    machine.elves[found[0]]["provided_versions"] = ["GLIBC_2.2.5", "GLIBC_2.5"]


@fault("python-unsupported", "python-stack", needs_gpu=False)
def python_too_new(machine: Altered) -> None:
    """A Python for which no TensorFlow has a wheel yet."""
    if machine.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" or not any(
        name.startswith("tensorflow") for name in machine.distributions()
    ):
        raise UnfitError("nothing asks for TensorFlow")
    remove_framework(machine)
    machine.change_answer(PYTHON, version="3.16.0")


@fault("python-32bit", "python-stack", needs_gpu=False)
def python_of_32_bits(machine: Altered) -> None:
    """An interpreter for which there are no wheels at all."""
    remove_framework(machine)
    machine.change_answer(PYTHON, bits=32)
