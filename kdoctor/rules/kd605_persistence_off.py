"""The driver starts anew for every program, and takes seconds for it.

What it means: persistence mode is off and nothing else keeps the driver loaded, so that it ends with the last program
that uses the GPU and starts again with the next one. With many GPUs, or much memory with ECC, that takes seconds.

Why it matters: every start of Python with a GPU is that much slower, `nvidia-smi` too. Training itself is not slower.

What to do: start NVIDIA's persistence daemon, which comes with the driver. A machine with a display does not need it.
"""

from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

SLOW_S = 2.0


@rule(
    Declared(
        id="KD605",
        cause="",
        layer="speed",
        severity="note",
        since="0.1.0",
        sources=(Source("NVIDIA Driver Persistence, docs.nvidia.com/deploy/driver-persistence", "2026-11-22"),),
    )
)
def persistence_off(nvml: Nvml) -> Verdict:
    """Only where the start was slow when it was measured: off alone is how drivers come."""
    off = [device for device in nvml.devices if device.persistence is False]
    if not off:
        return NotApplicable("persistence mode is on, or there is no such mode here")
    if nvml.start_s is None:
        return NotApplicable("how long the driver takes to start was not measured")
    held = [process for device in off for process in device.processes]
    if nvml.start_s < SLOW_S or held:
        return Clear(f"off, and the driver answered in {nvml.start_s:g} s")
    return Found(
        what=f"Persistence mode is off, and the driver took {nvml.start_s:.1f} s to start for {len(nvml.devices)} GPU.",
        why="Every program that uses a GPU waits for that first, while no other one holds it. Training is not slower.",
        remedy=Remedy(
            text="Let NVIDIA's persistence daemon keep the driver started.",
            commands=("sudo systemctl enable --now nvidia-persistenced",),
            safety="needs-root",
        ),
        evidence=(
            Evidence("persistence mode", f"off on {len(off)} of {len(nvml.devices)} GPU", "NVML"),
            Evidence("start of the driver", f"{nvml.start_s:.1f} s", "nvmlInit and a question to every GPU"),
        ),
        confidence="likely",
    )
