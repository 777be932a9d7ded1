"""Display and compute devices on the PCI bus, of every vendor."""

import msgspec

from kdoctor.model.facts.base import Section


class PciDevice(msgspec.Struct, frozen=True, kw_only=True):
    """``name`` is from the system's pci.ids, "" without one; ``kernel_driver``: the bound module, "" if none.

    ``lost``: the bus reads only ones from it, as from an empty slot.
    """

    address: str
    vendor_id: str
    device_id: str
    vendor: str
    name: str = ""
    kernel_driver: str = ""
    lost: bool = False


class Pci(Section, frozen=True, kw_only=True):
    """Devices of PCI class 03 (display) and 12 (processing accelerators), in bus order; may be empty."""

    devices: tuple[PciDevice, ...]

    @property
    def is_given_away(self) -> bool:
        """Whether every NVIDIA card on the bus is reserved for virtual machines."""
        return {item.kernel_driver for item in self.devices if item.vendor == "NVIDIA"} == {"vfio-pci"}
