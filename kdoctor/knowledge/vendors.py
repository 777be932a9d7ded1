"""GPUs of other makers than NVIDIA, and other systems: which build of a framework uses them, and what it needs."""

import functools
import re

from packaging.version import Version

from kdoctor.knowledge.tables import Row, Table, load
from kdoctor.model.facts.pci import PciDevice
from kdoctor.model.version import PythonVersion


class Metal(Row, frozen=True, kw_only=True):
    """tensorflow-metal of before ``before`` does not load in TensorFlow from ``first_bad`` on."""

    before: Version
    first_bad: Version
    source: str


class MetalPlugin(Row, frozen=True, kw_only=True):
    """Apple's plug-in, the newest Python and TensorFlow that it fits, and plug-ins of others."""

    distribution: str
    newest_python: PythonVersion
    newest_tensorflow: Version
    others: tuple[str, ...]
    source: str


class OtherGpu(Row, frozen=True, kw_only=True):
    """GPUs of one vendor and the build for them; ``supported``: the page that lists them all."""

    vendor: str
    kernel_drivers: tuple[str, ...]
    name_regex: str
    build: str
    index: str
    supported: str
    source: str


class Runtime(Row, frozen=True, kw_only=True):
    """The libraries of the Visual C++ runtime, and what installs them."""

    dlls: tuple[str, ...]
    installer: str
    source: str


class VendorTable(Table, frozen=True, kw_only=True, rename={"gpus": "gpu"}):
    """vendors.toml."""

    metal: tuple[Metal, ...]
    metal_plugin: MetalPlugin
    gpus: tuple[OtherGpu, ...]
    runtime: Runtime


@functools.cache
def table() -> VendorTable:
    """The whole table."""
    return load("vendors", VendorTable)


def metal_limit(metal: Version) -> Version | None:
    """The first TensorFlow that does not load this tensorflow-metal; None for one newer than the table."""
    rows = [row for row in table().metal if metal < row.before]
    return min(rows, key=lambda row: row.before).first_bad if rows else None


def other_gpu(device: PciDevice) -> OtherGpu | None:
    """The row of a device that another build could use, None where there is none for it."""
    for row in table().gpus:
        fits = row.vendor == device.vendor and device.kernel_driver in row.kernel_drivers
        if fits and re.search(row.name_regex, device.name):
            return row
    return None
