"""The CUDA libraries: there, found, the right ones, whole."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tests.mutation.altered import Altered, UnfitError
from tests.mutation.fault import fault

CUDA_LIBRARIES = (
    "libcudart.so.",
    "libcublas.so.",
    "libcublasLt.so.",
    "libcufft.so.",
    "libcusolver.so.",
    "libcusparse.so.",
)
OTHER_LIBRARIES = ("libcurand.so.", "libnvJitLink.so.", "libcudnn.so.")
STRANGE = "/opt/vendor/lib"


def framework_library(machine: Altered) -> tuple[str, dict[str, Any]]:
    """TensorFlow's own library of a wheel, which opens the CUDA libraries by name."""
    for path, headers in machine.elves.items():
        if "/site-packages/tensorflow/libtensorflow_framework.so." in path and not headers.get("rpath"):
            return path, headers
    raise UnfitError("no TensorFlow from the package index")


def wheels(machine: Altered) -> str:
    """The nvidia folder of the environment."""
    path = f"{machine.site}/nvidia"
    if not any(key.startswith(f"{path}/") for key in machine.elves):
        raise UnfitError("no CUDA wheels are installed")
    return path


def remove_wheels(machine: Altered) -> None:
    """Uninstall every nvidia package."""
    path = wheels(machine)
    for name in [name for name in machine.distributions() if name.startswith("nvidia-")]:
        machine.uninstall(name)
    for table in (machine.elves, machine.names):
        for key in [key for key in table if key.startswith(f"{path}/")]:
            del table[key]
    if machine.place(path).exists():
        machine.remove(path)


def opened(machine: Altered, start: str) -> str:
    """The path of the one installed library of that name; UnfitError where there is none."""
    found = [path for path in machine.elves if path.rpartition("/")[2].startswith(start)]
    if not found:
        raise UnfitError(f"{start} is not installed")
    return found[0]


@fault("cuda-lib-missing", "cuda-libraries")
def libraries_not_installed(machine: Altered) -> None:
    """`pip install tensorflow` without the extra, or a toolkit that was removed."""
    opened(machine, "libcublas.so.")
    try:
        remove_wheels(machine)
    except UnfitError:
        for start in (*CUDA_LIBRARIES, *OTHER_LIBRARIES):
            for path in machine.libraries(start):
                machine.remove(path)


@fault("cuda-lib-missing", "cuda-libraries")
def one_library_removed(machine: Altered) -> None:
    """cuSPARSE alone is gone."""
    opened(machine, "libcusparse.so.")
    for path in machine.libraries("libcusparse.so."):
        machine.remove(path)
    for name in ("nvidia-cusparse-cu12", "nvidia-cusparse"):
        if name in machine.distributions():
            machine.uninstall(name)


@fault("library-damaged", "cuda-libraries")
def library_cut_off(machine: Altered) -> None:
    """The disk filled up while cuFFT was unpacked."""
    path = opened(machine, "libcufft.so.")
    del machine.elves[path]
    machine.write(path, "")


@fault("wheel-outside-runpath", "cuda-libraries")
def runpath_without_cusolver(machine: Altered) -> None:
    """The wheel's list of directories lacks the one of cuSOLVER, as that of TensorFlow 2.21.0."""
    wheels(machine)
    path, headers = framework_library(machine)
    if not any("cusolver" in entry for entry in headers.get("runpath", ())):
        raise UnfitError("the list has no cusolver")
    machine.elves[path] = {**headers, "runpath": [entry for entry in headers["runpath"] if "cusolver" not in entry]}


@fault("cuda-libs-not-on-path", "cuda-libraries")
def toolkit_not_on_the_path(machine: Altered) -> None:
    """Neither ld.so.cache nor LD_LIBRARY_PATH leads to the toolkit any more."""
    path = opened(machine, "libcublas.so.")
    if not path.startswith("/usr/local/"):
        raise UnfitError("the libraries are not those of a toolkit")
    if machine.exists("/etc/ld.so.cache"):
        machine.remove("/etc/ld.so.cache")
    machine.environ.pop("LD_LIBRARY_PATH", None)


@fault("cuda-wrong-version", "cuda-libraries")
def toolkit_of_the_next_release(machine: Altered) -> None:
    """CUDA 10.1 where this TensorFlow opens the libraries of 10.0."""
    if not opened(machine, "libcudart.so.").startswith("/usr/local/cuda-10.0/"):
        raise UnfitError("there is no CUDA 10.0")
    text = msgspec.json.encode(machine.document).decode()
    machine.document = msgspec.json.decode(text.replace("cuda-10.0", "cuda-10.1").replace(".so.10.0", ".so.10.1"))
    machine.place("/usr/local/cuda-10.0").rename(machine.place("/usr/local/cuda-10.1"))
    machine.link("/usr/local/cuda", "cuda-10.1")
    machine.write("/usr/local/cuda-10.1/version.txt", "CUDA Version 10.1.243\n")
    for path in sorted(machine.place("/usr/local/cuda-10.1/lib64").iterdir()):
        if path.is_symlink():
            target = str(path.readlink()).replace(".so.10.0", ".so.10.1")
            path.unlink()
            path.with_name(path.name.replace(".so.10.0", ".so.10.1")).symlink_to(target)
        else:
            path.rename(path.with_name(path.name.replace(".so.10.0", ".so.10.1")))


@fault("cuda-wrong-version", "cuda-libraries")
def pointed_at_another_toolkit(machine: Altered) -> None:
    """No extra, and LD_LIBRARY_PATH names the toolkit of a later CUDA."""
    framework_library(machine)
    remove_wheels(machine)
    headers = {"bits": 64, "machine": "x86_64", "needed": ["libc.so.6"]}
    folder = "/usr/local/cuda-13.0/lib64"
    for name in ("libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcufft.so.12", "libcusolver.so.12"):
        machine.elves[f"{folder}/{name}"] = {**headers, "soname": name}
    machine.write("/usr/local/cuda-13.0/version.json", '{"cuda": {"name": "CUDA SDK", "version": "13.0.1"}}')
    machine.environ["LD_LIBRARY_PATH"] = f"{folder}:{machine.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")


@fault("conda-cuda-vs-system-cuda-conflict", "cuda-libraries")
def older_cudnn_first(machine: Altered) -> None:
    """LD_LIBRARY_PATH names a directory with an older cuDNN."""
    _, framework = framework_library(machine)
    found = opened(machine, "libcudnn.so.")
    if not framework.get("runpath") and "LD_LIBRARY_PATH" in machine.environ:
        raise UnfitError("the libraries themselves are found through the variable")
    major = machine.elves[found]["soname"].rpartition(".")[2]
    if not re.search(r"\.so\.\d+\.", found):
        machine.version("nvidia-cudnn-cu12")
    machine.elves[f"{STRANGE}/libcudnn.so.{major}.0.0"] = machine.elves[found]
    machine.write(f"{STRANGE}/libcudnn.so.{major}.0.0", "")
    machine.link(f"{STRANGE}/libcudnn.so.{major}", f"libcudnn.so.{major}.0.0")
    machine.environ["LD_LIBRARY_PATH"] = f"{STRANGE}:{machine.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")


@fault(("conda-cuda-vs-system-cuda-conflict", "library-damaged"), "cuda-libraries")
def broken_copy_first(machine: Altered) -> None:
    """LD_LIBRARY_PATH names a directory with a cut-off copy of cuBLAS."""
    framework_library(machine)
    found = opened(machine, "libcublas.so.")
    machine.write(f"{STRANGE}/{machine.elves[found]['soname']}", "")
    machine.environ["LD_LIBRARY_PATH"] = f"{STRANGE}:{machine.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")


@fault("libdevice-missing", "cuda-libraries")
def libdevice_removed(machine: Altered) -> None:
    """The compiler's part of CUDA is there without libdevice."""
    framework_library(machine)
    machine.version("keras")
    if int(machine.distributions().get("tensorflow", "2.0").split(".")[1]) < 11:
        raise UnfitError("this TensorFlow compiles nothing by itself")
    folders = [folder for folder in machine.names if folder.endswith("/nvvm/libdevice")]
    if not folders:
        raise UnfitError("there is none")
    for folder in folders:
        machine.remove(folder)


@fault("ptxas-missing", "cuda-libraries", severity="note")
def ptxas_removed(machine: Altered) -> None:
    """No ptxas in any of XLA's places: the driver's compiler takes over."""
    found = [folder for folder, names in machine.names.items() if "ptxas" in names]
    if not found or not {"tensorflow", "tensorflow-gpu", "jax"} & set(machine.distributions()):
        raise UnfitError("there is none, or nothing that compiles with it")
    for folder in found:
        machine.remove(f"{folder}/ptxas")
