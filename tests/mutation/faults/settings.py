"""What other programs do at this moment."""

from __future__ import annotations

from tests.mutation.altered import NVML, Altered, UnfitError
from tests.mutation.fault import fault


@fault("gpu-memory-exhausted", "settings", severity="warning")
def memory_taken(machine: Altered) -> None:
    """Another program holds the memory of every GPU."""
    devices = machine.answer(NVML)["devices"]
    if not devices or any("memory_total_bytes" not in device for device in devices):
        raise UnfitError("no GPU reports its memory")
    full = [{**device, "memory_used_bytes": device["memory_total_bytes"] - (100 << 20)} for device in devices]
    machine.change_answer(NVML, devices=full)
