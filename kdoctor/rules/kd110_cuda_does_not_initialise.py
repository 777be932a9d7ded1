"""The driver's library is found and a GPU is there, but CUDA does not initialise.

What it means: cuInit, the first call of every CUDA program, returns an error, or the process dies in it. Where the
facts show why (a hidden GPU, closed device nodes, a module that is not loaded, two driver releases) another finding
says so and this one follows from it. Alone, it is the driver's own word and no more.

Why it matters: no framework lists a GPU before cuInit succeeds.

What to do: read the code. 802: start NVIDIA Fabric Manager. 803 and 804: a cuda-compat or driver library of another
release comes first. 100: the device is not passed in. 999: reload nvidia_uvm. Then look at the kernel's log.
"""

from kdoctor.advice import has_nvidia, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.device_nodes import DeviceNodes
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

NOT_READY = 802
LOG = "sudo dmesg | grep -i -E 'nvrm|nvidia' | tail -20"
ADVICE = {
    100: "CUDA sees no device: check the device nodes, CUDA_VISIBLE_DEVICES and what the container was given.",
    NOT_READY: "The GPUs are joined by NVSwitch: start NVIDIA Fabric Manager of the driver's release.",
    803: "Restart, or take a libcuda of another release (cuda-compat) out of the loader's search order.",
    804: "Take cuda-compat out of the loader's search order: it works on data-centre GPUs only.",
    999: "Reload nvidia_uvm or restart, then read the kernel's log.",
}


@rule(
    Declared(
        id="KD110",
        cause="",
        layer="device-nodes",
        severity="error",
        since="0.1.0",
        sources=(Source("CUDA driver API: CUresult; NVIDIA Fabric Manager user guide", "2026-11-21"),),
    )
)
def cuda_does_not_initialise(
    libcuda: Libcuda | Absent | Unknown,
    driver_search: DriverSearch,
    gpus: Gpus | Absent | Unknown,
    frameworks: Frameworks | Absent,
    device_nodes: DeviceNodes | Absent | Unknown,
) -> Verdict:
    """cuInit's own code, where a GPU is known to be there."""
    if isinstance(libcuda, Absent) or driver_search.cuda.state == "missing":
        return NotApplicable("libcuda.so.1 is not found")
    if not has_nvidia(gpus):
        return NotApplicable("no NVIDIA GPU is known to be there")
    if isinstance(libcuda, Unknown):
        return Undetermined(libcuda.reason)
    if not (libcuda.init_code or libcuda.load_error):
        return Clear(f"cuInit succeeds, {len(libcuda.devices)} device")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("the installed frameworks are CPU builds")
    if isinstance(device_nodes, DeviceNodes) and device_nodes.modprobe and not device_nodes.complete:
        return Undetermined("device nodes are missing, which nvidia-modprobe makes when a program first uses CUDA")
    said = libcuda.load_error or f"{libcuda.init_code} {libcuda.init_error}".rstrip()
    text = ADVICE.get(libcuda.init_code, "Read the kernel's log for the driver's own lines.")
    start = ("sudo systemctl enable --now nvidia-fabricmanager",) if libcuda.init_code == NOT_READY else ()
    return Found(
        what=f"CUDA does not initialise: cuInit returns {said}."[:100],
        why="Every CUDA program starts with cuInit; no framework lists a GPU before it succeeds.",
        remedy=Remedy(text=text, commands=(*start, LOG), safety="needs-root"),
        evidence=(
            Evidence("cuInit", said, libcuda.library or driver_search.cuda.path),
            Evidence("libcuda found via", driver_search.cuda.found_via, driver_search.cuda.path),
            *seen_gpus(gpus),
        ),
        confidence="certain" if libcuda.init_code in ADVICE else "likely",
    )
