"""What does NVML, the library behind nvidia-smi, report? Asked in a child, only where its library is found."""

import msgspec

from kdoctor.host import Host, Unanswered
from kdoctor.model.codec import decode_value
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.nvml import Nvml, NvmlDevice

TIMEOUT_S = 10.0


def probe(host: Host, driver_search: DriverSearch | Unknown) -> Nvml | Absent | Unknown:
    """Ask ``inside/nvml.py``; without the library there is nobody to ask."""
    if isinstance(driver_search, DriverSearch) and driver_search.nvml.state == "missing":
        return Absent(looked=("libnvidia-ml.so.1", *driver_search.nvml.looked))
    asked = host.ask("nvml", runner="own", timeout_s=TIMEOUT_S)
    if isinstance(asked, Unanswered):
        return Unknown(reason=asked.reason, tried=("nvmlInit",))
    try:
        found: Nvml = msgspec.convert(
            {**msgspec.json.decode(asked.json), "state": "found"}, Nvml, dec_hook=decode_value
        )
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        return Unknown(reason=f"NVML's answer could not be read: {error}")
    devices = tuple(_with_names(host, device) for device in found.devices)
    return msgspec.structs.replace(found, devices=devices)


def _with_names(host: Host, device: NvmlDevice) -> NvmlDevice:
    named = []
    for held in device.processes:
        process = host.process(held.pid)
        named.append(msgspec.structs.replace(held, name=process.name if process else ""))
    return msgspec.structs.replace(device, processes=tuple(named))
