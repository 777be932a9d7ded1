"""The GPU slows itself down now, because of its temperature or its power supply.

What it means: at this moment the driver holds the clocks down for heat (thermal slowdown) or because the power supply
asks for it (power brake; on a laptop also running from the battery). That a busy GPU reaches its power limit, or an
idle one lowers its clocks, is normal and not meant here.

Why it matters: training is slower than this GPU can be, by a third or more, and not evenly so.

What to do: clean filters and fans, let cold air in, see that nothing else heats the case; for the power brake check the
power cables and the supply.
"""

from kdoctor.model.facts.nvml import Nvml, NvmlDevice
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

HEAT = ("HwThermalSlowdown", "SwThermalSlowdown")
POWER = ("HwPowerBrakeSlowdown",)
EITHER = ("HwSlowdown",)


@rule(
    Declared(
        id="KD603",
        cause="",
        layer="speed",
        severity="warning",
        since="0.1.0",
        sources=(Source("NVML API: nvmlClocksEventReasons; nvidia-smi(1), Clocks Event Reasons", "2026-11-22"),),
    )
)
def gpu_throttled(nvml: Nvml) -> Verdict:
    """The reasons that NVML gives for low clocks at the moment of asking."""
    devices = [device for device in nvml.devices if device.name and not device.error_code]
    if not devices:
        return NotApplicable("NVML lists no GPU")
    for reasons in (HEAT, POWER, EITHER):
        found = next((device for device in devices if set(reasons) & set(device.throttle_reasons)), None)
        if found is not None:
            return _found(found, reasons)
    return Clear(f"{len(devices)} GPU, none slowed down by heat or power supply")


def _found(device: NvmlDevice, reasons: tuple[str, ...]) -> Found:
    degrees = f" at {device.temperature_c} °C" if device.temperature_c is not None else ""
    by = {HEAT: f"by its temperature{degrees}", POWER: "by its power supply", EITHER: "by heat or power supply"}[
        reasons
    ]
    text = "Let cold air in and clean filters and fans; in a rack look at the inlet temperature and the fans' speed."
    if reasons != HEAT:
        text = "Check the GPU's power cables and the power supply; run a laptop from the mains. Then look at cooling."
    return Found(
        what=f"GPU {device.index} ({device.name[:36]}) is slowed down now {by}.",
        why="The clocks are held down, so training takes longer than on this GPU as it should be.",
        remedy=Remedy(text=text, commands=(f"nvidia-smi -i {device.index} -q -d PERFORMANCE,TEMPERATURE,POWER,CLOCK",)),
        evidence=(
            Evidence("clocks are held down by", ", ".join(device.throttle_reasons), "NVML, at the moment of asking"),
            *((Evidence("temperature", f"{device.temperature_c} °C", "NVML"),) if degrees else ()),
        ),
        confidence="possible" if reasons == EITHER else "certain",
    )
