"""NVIDIA GPUs: the model behind a product name, and the architecture behind a compute capability or chip code name."""

import functools
import re
from typing import Literal

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.version import ComputeCapability, CudaVersion

_CODE_NAME = re.compile(r"\b[A-Z]{2}\d{2}[0-9A-Z]{0,4}\b")
_LITERAL_HEAD = re.compile(r"[\w -]*(?![?*{])")


class Architecture(Row, frozen=True, kw_only=True):
    """A generation of GPUs.

    ``first_cuda`` .. ``last_cuda`` are the toolkits that can make code for it, the driver branches those that run it;
    a last one of None: the newest still does. ``kernel_modules``: NVIDIA's kernel modules that drive it.
    """

    name: str
    compute_capabilities: tuple[ComputeCapability, ...]
    first_cuda: CudaVersion
    last_cuda: CudaVersion | None = None
    min_driver_branch: int | None = None
    last_driver_branch: int | None = None
    kernel_modules: tuple[Literal["open", "proprietary"], ...] = ("open", "proprietary")
    tensor_cores: bool


class Chip(Row, frozen=True, kw_only=True):
    """The beginning of a chip code name, e.g. GP for GP107, and its architecture."""

    prefix: str
    architecture: str


class GpuModel(Row, frozen=True, kw_only=True):
    """One product; dense peak rates in TFLOP/s at boost clock, None where it has no such unit or no figure is known.

    ``name``: one product name that the regex finds, "" where no driver of a PC ever prints it.
    """

    id: str
    name_regex: str
    name: str = ""
    architecture: str
    compute_capability: ComputeCapability
    memory_gb: int
    bandwidth_gb_s: float | None = None
    fp32_tflops: float | None = None
    sm_count: int | None = None
    tf32_tflops: float | None = None
    fp16_tensor_tflops: float | None = None
    fp16_tensor_fp16acc_tflops: float | None = None
    fp16_vector_tflops: float | None = None
    bf16_tensor_tflops: float | None = None

    def matches(self, name: str) -> bool:
        """Whether ``name`` is this product; the regex is compiled only where its literal beginning occurs."""
        head = _LITERAL_HEAD.match(self.name_regex)
        return (head is None or head[0] in name) and re.search(self.name_regex, name) is not None


class Card(Row, frozen=True, kw_only=True):
    """Cards as people write them, e.g. "GT 750 Mobile", and their compute capability."""

    regex: str
    compute_capability: ComputeCapability


class GpuTable(
    Table,
    frozen=True,
    kw_only=True,
    rename={"architectures": "architecture", "chips": "chip", "models": "gpu", "cards": "card"},
):
    """gpus.toml."""

    architectures: tuple[Architecture, ...]
    chips: tuple[Chip, ...]
    models: tuple[GpuModel, ...]
    cards: tuple[Card, ...]


@functools.cache
def table() -> GpuTable:
    """The whole table."""
    return load("gpus", GpuTable)


def models() -> tuple[GpuModel, ...]:
    """All models, in the order in which their names are tried."""
    return table().models


def model_of(name: str) -> GpuModel | None:
    """The model with this product name as NVML prints it, or None."""
    return next((row for row in models() if row.matches(name)), None)


def capability_of_card(name: str) -> ComputeCapability | None:
    """The compute capability of a card as people write its name, None where it is not known."""
    return next((row.compute_capability for row in table().cards if re.search(row.regex, name, re.IGNORECASE)), None)


def architectures() -> tuple[Architecture, ...]:
    """All architectures, oldest first."""
    return table().architectures


def architecture(name: str) -> Architecture | None:
    """The architecture called ``name``."""
    return next((row for row in architectures() if row.name == name), None)


def architecture_of_capability(capability: ComputeCapability) -> Architecture | None:
    """The architecture that has this compute capability."""
    return next((row for row in architectures() if capability in row.compute_capabilities), None)


def architecture_of_chip(text: str) -> Architecture | None:
    """The architecture of the first known chip code name in ``text``, e.g. in "GP107 [GeForce GTX 1050 Ti]"."""
    by_length = sorted(table().chips, key=lambda row: -len(row.prefix))
    for found in _CODE_NAME.finditer(text):
        for chip in by_length:
            if found[0].startswith(chip.prefix):
                return architecture(chip.architecture)
    return None
