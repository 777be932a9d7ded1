"""Which display and compute devices are on the PCI bus, whatever driver they have?"""

from kdoctor.host import Host, text_of
from kdoctor.model.facts.base import Unknown
from kdoctor.model.facts.pci import Pci, PciDevice

BUS = "/sys/bus/pci/devices"
DATABASES = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids", "/usr/share/pci.ids", "/var/lib/pciutils/pci.ids")
VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x1022": "AMD", "0x8086": "Intel"}
CLASSES = ("0x03", "0x12")
NO_ANSWER = b"\xff\xff\xff\xff"  # in place of vendor and device: what a bus reads where nothing answers


def probe(host: Host) -> Pci | Unknown:
    """Read /sys/bus/pci; a device is named from the system's pci.ids."""
    addresses = host.list(BUS)
    if not isinstance(addresses, tuple):
        return Unknown(reason=str(addresses), tried=(BUS,))
    devices = [
        _device(host, address) for address in addresses if text_of(host, f"{BUS}/{address}/class").startswith(CLASSES)
    ]
    return Pci(devices=tuple(device for device in devices if device.vendor))


def _device(host: Host, address: str) -> PciDevice:
    base = f"{BUS}/{address}"
    vendor = text_of(host, f"{base}/vendor").strip()
    device = text_of(host, f"{base}/device").strip()
    bound = host.resolve(f"{base}/driver")
    known = VENDORS.get(vendor, "")
    return PciDevice(
        address=address,
        vendor_id=vendor,
        device_id=device,
        vendor=known,
        name=_name(host, vendor[2:], device[2:]) if known else "",
        kernel_driver=bound.rpartition("/")[2] if isinstance(bound, str) else "",
        lost=known == "NVIDIA" and host.read_bytes(f"{base}/config", limit=4) == NO_ANSWER,
    )


def _name(host: Host, vendor: str, device: str) -> str:
    for path in DATABASES:
        text = text_of(host, path)
        if text:
            return name_in_database(text, vendor, device)
    return ""


def name_in_database(text: str, vendor: str, device: str) -> str:
    r"""The name of a device in pci.ids, "" if it is not listed.

    >>> name_in_database("10de  NVIDIA Corporation\n\t1c82  GP107 [GeForce GTX 1050 Ti]\n", "10de", "1c82")
    'GP107 [GeForce GTX 1050 Ti]'
    """
    start = 0 if text.startswith(vendor) else text.find(f"\n{vendor}  ") + 1
    if start == 0 and not text.startswith(vendor):
        return ""
    for line in text[start:].splitlines()[1:]:
        if line.startswith(f"\t{device}  "):
            return line[len(device) + 3 :].strip()
        if line and not line.startswith(("\t", "#")):
            break
    return ""
