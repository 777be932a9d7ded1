"""Variables that hide the GPU."""

from __future__ import annotations

from tests.mutation.altered import CUDA, Altered, UnfitError
from tests.mutation.fault import fault
from tests.mutation.faults.hardware import cuda_build

VISIBLE = "CUDA_VISIBLE_DEVICES"


def hide(machine: Altered, value: str) -> None:
    """Set the variable, and let CUDA list nothing."""
    cuda_build(machine)
    if VISIBLE in machine.environ or not machine.answer(CUDA)["devices"]:
        raise UnfitError("nothing is visible already")
    machine.environ[VISIBLE] = value
    machine.driver_says(8, cuda=100)


@fault("gpu-hidden-by-env", "visibility")
def hidden_by_minus_one(machine: Altered) -> None:
    """CUDA_VISIBLE_DEVICES=-1."""
    hide(machine, "-1")


@fault("gpu-hidden-by-env", "visibility")
def hidden_by_nothing(machine: Altered) -> None:
    """CUDA_VISIBLE_DEVICES is set, to nothing."""
    hide(machine, "")


@fault("gpu-hidden-by-env", "visibility")
def hidden_by_a_number_too_high(machine: Altered) -> None:
    """CUDA_VISIBLE_DEVICES=8 on a machine with fewer GPUs."""
    hide(machine, "8")


@fault("gpu-hidden-by-env", "visibility")
def jax_told_to_use_the_cpu(machine: Altered) -> None:
    """JAX_PLATFORMS=cpu while Keras uses JAX."""
    if "jax-cuda12-plugin" not in machine.distributions() or "tensorflow" in machine.distributions():
        raise UnfitError("JAX is not what Keras uses")
    machine.environ["JAX_PLATFORMS"] = "cpu"
