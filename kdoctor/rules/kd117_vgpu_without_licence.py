"""A virtual GPU (vGPU) has no licence.

What it means: this is a virtual machine with a part of a GPU that NVIDIA's vGPU software gives out, and its driver has
not got a licence from the licence server.

Why it matters: without a licence a vGPU works at full speed for minutes only; then it is slowed down and programs can
fail to get resources.

What to do: give the guest its licence token and start nvidia-gridd, or ask whoever runs the virtual machines.
"""

from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD117",
        cause="",
        layer="settings",
        severity="warning",
        since="0.1.0",
        sources=(
            Source("NVIDIA Virtual GPU Client Licensing user guide: about, software enforcement", "2026-11-22"),
            Source("NVML API: nvmlDeviceGetVirtualizationMode, nvmlDeviceGetGridLicensableFeatures", "2026-11-22"),
        ),
    )
)
def vgpu_without_licence(nvml: Nvml) -> Verdict:
    """NVML's own word on the licence of a device that it calls a vGPU."""
    virtual = [device for device in nvml.devices if device.virtual]
    if not virtual:
        return NotApplicable("no GPU is a vGPU")
    without = next((device for device in virtual if device.licensed is False), None)
    if without is None:
        unsure = any(device.licensed is None for device in virtual)
        return Undetermined("NVML does not tell about the licence") if unsure else Clear("the vGPU has its licence")
    return Found(
        what=f"The virtual GPU {without.name[:48]} has no licence.",
        why="An unlicensed vGPU is slowed down some minutes after the start, and programs can fail to get resources.",
        remedy=Remedy(
            text="Put the client token of your licence server in place and start the service, or ask who runs the VMs.",
            commands=(
                "ls /etc/nvidia/ClientConfigToken",
                "sudo systemctl restart nvidia-gridd",
                "nvidia-smi -q | grep -i -A2 licens",
            ),
            safety="needs-root",
        ),
        evidence=(
            Evidence(f"GPU {without.index}", f"{without.name}, vGPU", "NVML, virtualization mode"),
            Evidence("licence", "not granted", "NVML, licensable features"),
        ),
    )
