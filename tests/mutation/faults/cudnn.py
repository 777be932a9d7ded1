"""cuDNN: there, of the right major, new enough, with code for the card."""

from __future__ import annotations

import re

from tests.mutation.altered import Altered, UnfitError
from tests.mutation.fault import fault
from tests.mutation.faults.cuda_libraries import opened
from tests.mutation.faults.hardware import others_card

PACKAGE = "nvidia-cudnn-cu12"
OLDER = {"9": "9.0.0.312", "8": "8.2.4.15", "7": "7.0.5"}
OTHER = {"9": "8.9.7.29", "8": "9.1.0.70", "7": "8.0.5"}


def refuse_two(machine: Altered) -> None:
    """Refuse a machine on which another fault has put a second cuDNN."""
    if len({path for path in machine.elves if "/libcudnn.so." in path}) > 1:
        raise UnfitError("there are two already")


def rename_cudnn(machine: Altered, version: str) -> None:
    """Another cuDNN in the place of the installed one: the file, its links, its package."""
    refuse_two(machine)
    found = opened(machine, "libcudnn.so.")
    folder, _, name = found.rpartition("/")
    major = version.partition(".")[0]
    soname = f"libcudnn.so.{major}"
    for path in machine.libraries("libcudnn.so."):
        if path != found and path.startswith(f"{folder}/"):
            machine.remove(path)
    if re.fullmatch(r"libcudnn\.so\.\d+", name):
        machine.version(PACKAGE)
        machine.rename_library(found, f"{folder}/{soname}", soname=soname)
    else:
        machine.rename_library(found, f"{folder}/libcudnn.so.{version}", soname=soname)
        machine.link(f"{folder}/{soname}", f"libcudnn.so.{version}")
    if PACKAGE in machine.distributions():
        machine.replace(PACKAGE, version)


def major_of(machine: Altered) -> str:
    """The major version of the installed cuDNN."""
    return str(machine.elves[opened(machine, "libcudnn.so.")]["soname"].rpartition(".")[2])


@fault("cudnn-missing", "cudnn")
def cudnn_removed(machine: Altered) -> None:
    """cuDNN alone is not installed."""
    refuse_two(machine)
    opened(machine, "libcudnn.so.")
    for path in machine.libraries("libcudnn.so."):
        machine.remove(path)
    if PACKAGE in machine.distributions():
        machine.uninstall(PACKAGE)


@fault("cudnn-too-old", "cudnn")
def cudnn_downgraded(machine: Altered) -> None:
    """Another package pinned an older cuDNN of the same major."""
    if "CONDA_PREFIX" in machine.environ or not {"tensorflow", "tensorflow-gpu", "jax"} & set(machine.distributions()):
        raise UnfitError("what this build was compiled with is not known")
    rename_cudnn(machine, OLDER[major_of(machine)])


@fault("cudnn-wrong-version", "cudnn")
def cudnn_of_another_major(machine: Altered) -> None:
    """Only a cuDNN of another major is installed."""
    rename_cudnn(machine, OTHER[major_of(machine)])


@fault("cudnn-without-kernels", "cudnn")
def cudnn_without_code_for_the_card(machine: Altered) -> None:
    """A Pascal card with a cuDNN that has dropped it, under a build that has not."""
    if major_of(machine) != "9" or not {"tensorflow", "jax"} & set(machine.distributions()):
        raise UnfitError("the cuDNN of this build has code for Pascal")
    machine.version(PACKAGE)
    others_card(machine, "NVIDIA GeForce GTX 1080 Ti", "6.1", 11)
    machine.replace(PACKAGE, "9.28.0.42")
