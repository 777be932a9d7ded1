"""The Windows Subsystem for Linux offers no GPU.

What it means: CUDA in WSL needs WSL 2, a Windows driver with WSL support, and /dev/dxg with /usr/lib/wsl/lib, which
Windows provides. One of these is missing, the loader does not look there, or Windows blocks the access.

Why it matters: the Linux wheels find no libcuda.so.1 and list no GPU. No driver installed inside WSL helps.

What to do: update WSL and the Windows driver, and convert the distribution to WSL 2; let the loader look in
/usr/lib/wsl/lib.
"""

from kdoctor.advice import has_nvidia
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

NVML_BLOCKED = 17
RESTART = "wsl --shutdown   # in Windows"


@rule(
    Declared(
        id="KD502",
        cause="wsl-gpu-unavailable",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(
            Source("NVIDIA CUDA on WSL user guide; Microsoft: wsl --set-version", "2026-11-21"),
            Source("NVML_ERROR_OPERATING_SYSTEM (17): GPU access blocked by the operating system", "2026-11-21"),
        ),
        explains=(
            "cuda-lib-missing",
            "no-nvidia-gpu",
            "driver-missing",
            "wheel-outside-runpath",
            "cuda-does-not-initialise",
        ),
    )
)
def wsl_gpu_unavailable(
    wsl: Wsl,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    container: Container | Absent | Unknown,
    driver_search: DriverSearch | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
) -> Verdict:
    """WSL 1, or WSL 2 without the device or the library; a warning where nothing shows that the PC has a GPU."""
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if isinstance(container, Container):
        return NotApplicable("in a container the engine passes in what WSL offers")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("the installed frameworks are CPU builds")
    missed = isinstance(driver_search, DriverSearch) and driver_search.cuda.state == "missing"
    blocked = isinstance(nvml, Nvml) and nvml.error_code == NVML_BLOCKED
    if wsl.version > 1 and wsl.dxg and wsl.windows_libcuda and not (missed or blocked):
        return Clear("/dev/dxg and Windows's libcuda are there")
    what, remedy = missing_part(wsl, blocked=blocked)
    expected = has_nvidia(gpus) or bool(wsl.windows_libcuda or wsl.linux_libraries)
    return Found(
        what=what,
        why="The Linux frameworks reach the GPU through what Windows passes in; nothing inside WSL replaces it.",
        remedy=remedy,
        evidence=(
            Evidence("WSL", str(wsl.version), "kernel release"),
            Evidence("/dev/dxg", "there" if wsl.dxg else "missing", "/dev"),
            Evidence("libcuda of Windows", wsl.windows_libcuda or "missing", "/usr/lib/wsl/lib"),
            *((Evidence("NVML", nvml.error, nvml.library),) if blocked and isinstance(nvml, Nvml) else ()),
        ),
        severity=None if expected else "warning",
        confidence="certain" if expected and not blocked else "likely",
    )


def missing_part(wsl: Wsl, *, blocked: bool = False) -> tuple[str, Remedy]:
    """Which part WSL lacks, and what brings it."""
    if wsl.version == 1:
        commands: tuple[str, ...] = ("wsl --list --verbose", "wsl --set-version DISTRIBUTION 2   # in Windows")
        what, text = "This is WSL 1, which has no GPU.", "Convert the distribution to WSL 2."
    elif not wsl.dxg:
        commands = ("wsl --update   # in Windows", RESTART)
        what, text = "WSL 2 offers no GPU: /dev/dxg does not exist.", "Update WSL and the NVIDIA driver in Windows."
    elif not wsl.windows_libcuda:
        commands = (RESTART,)
        what = "Windows provides no CUDA library: /usr/lib/wsl/lib/libcuda.so.1 does not exist."
        text = (
            "If this PC has an NVIDIA GPU, install a current NVIDIA driver in Windows (not inside WSL), then restart "
            "WSL. Without such a GPU there is nothing to do."
        )
    elif blocked:
        commands = ("wsl --update   # in Windows", RESTART)
        what = "Windows does not let WSL use the GPU: access blocked by the operating system."
        text = "Update Windows, WSL and the NVIDIA driver in Windows, then restart WSL."
    else:
        commands = ("echo /usr/lib/wsl/lib | sudo tee /etc/ld.so.conf.d/ld.wsl.conf", "sudo ldconfig")
        what = "Windows's libcuda.so.1 is in /usr/lib/wsl/lib, where the loader does not look."
        text = "Let the loader look there; WSL writes this file by itself unless it is told not to."
    return what, Remedy(text=text, commands=commands, safety="needs-root")
