"""Ask NVML, through nvidia-ml-py, about the driver and every GPU. Run by kdoctor's own interpreter.

gpu_watch.py imports it from beside it. libnvidia-ml.so.1 is opened here first, because nvidia-ml-py hides the loader's
message; and this process gives up the rights to load modules and make device nodes, because nvmlInit as root uses them.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import ctypes
import json
import time

PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITIES = (0, 1, 3, 16, 27)  # chown, dac_override, fowner, sys_module, mknod
LIBRARY_NOT_FOUND = 12
LICENCE_GOOD = (2, 4)  # NVML_GRID_LICENSE_EXPIRY_VALID, NVML_GRID_LICENSE_EXPIRY_PERMANENT
PROCESS_VERSIONS = ("_v3", "_v2")
NO_LIMIT_REASONS = ("GpuIdle", "None", "All", "ApplicationsClocksSetting", "UserDefinedClocks")


def give_up_rights():
    """Drop what would let NVML change the machine; harmless where it is not allowed."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in CAPABILITIES:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def text(value):
    """Older bindings return bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def optional(function, *arguments):
    """The value, or None where this GPU, driver or binding does not have it."""
    import pynvml

    try:
        return function(*arguments)
    except (pynvml.NVMLError, AttributeError, TypeError, ValueError):
        return None


def pair(value):
    """The first of a (current, pending) pair as a truth value, None where unknown."""
    return None if value is None else bool(value[0])


def listed(nvml, kind, handle):
    """The processes of a kind, Compute or Graphics, None where they are not told.

    Version 3 of the question came with driver 510; for the one without a number the bindings raise what is no
    NVMLError there.
    """
    for version in PROCESS_VERSIONS:
        function = getattr(nvml, "nvmlDeviceGet%sRunningProcesses%s" % (kind, version), None)
        found = optional(function, handle)
        if found is not None:
            return found
    return None


def processes(nvml, handle):
    """Who holds memory of this GPU."""
    held = {}
    for kind in ("Graphics", "Compute"):
        for process in listed(nvml, kind, handle) or ():
            held[process.pid] = {"pid": process.pid, "memory_bytes": process.usedGpuMemory, "kind": kind.lower()}
    return [held[pid] for pid in sorted(held)]


def repairs(nvml, handle):
    """Whether bad memory waits for a reset to be set aside, and whether that failed; None where it is not told."""
    rows = optional(getattr(nvml, "nvmlDeviceGetRemappedRows", None), handle)
    if rows is not None:
        return bool(rows[2]), bool(rows[3])
    pages = optional(nvml.nvmlDeviceGetRetiredPagesPendingStatus, handle)
    return (None if pages is None else bool(pages)), None


def licence(nvml, handle):
    """Whether it is a vGPU in a virtual machine, and whether that has its licence."""
    mode = optional(nvml.nvmlDeviceGetVirtualizationMode, handle)
    virtual = None if mode is None else mode == nvml.NVML_GPU_VIRTUALIZATION_MODE_VGPU
    found = optional(nvml.nvmlDeviceGetGridLicensableFeatures, handle) if virtual else None
    if found is None or not found.isGridLicenseSupported:
        return virtual, None
    features = found.gridLicensableFeatures[: found.licensableFeaturesCount]
    granted = [item.featureState or item.licenseExpiry.status in LICENCE_GOOD for item in features]
    return virtual, any(granted) if granted else None


def limits(nvml):
    """The bit of each reason why clocks can be low, by its name; idling is none."""
    prefix = "nvmlClocksThrottleReason"
    names = {n[len(prefix) :]: getattr(nvml, n) for n in dir(nvml) if n.startswith(prefix)}
    return {n: bit for n, bit in names.items() if n not in NO_LIMIT_REASONS and isinstance(bit, int)}


def throttling(nvml, handle, named):
    """The names of the reasons why the clocks are low; ``named``: all that there are."""
    mask = optional(getattr(nvml, "nvmlDeviceGetCurrentClocksEventReasons", None), handle)
    if mask is None:
        mask = optional(getattr(nvml, "nvmlDeviceGetCurrentClocksThrottleReasons", None), handle)
    return sorted(n for n, bit in named.items() if (mask or 0) & bit)


def uuid(nvml, handle):
    """GPU-... or MIG-..., "" if unknown."""
    return text(optional(nvml.nvmlDeviceGetUUID, handle)) or ""


def mig(nvml, handle):
    """The handles of the MIG instances."""
    count = optional(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0
    found = [optional(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index) for index in range(count)]
    return [instance for instance in found if instance is not None]


def device(nvml, index):
    """One GPU; where NVML answers with an error, the error is the answer."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError as error:
        return {"index": index, "error_code": error.value, "error": str(error)}
    memory = optional(nvml.nvmlDeviceGetMemoryInfo, handle)
    capability = optional(nvml.nvmlDeviceGetCudaComputeCapability, handle)
    pci = optional(nvml.nvmlDeviceGetPciInfo, handle)
    mode = optional(nvml.nvmlDeviceGetComputeMode, handle)
    modes = {0: "default", 1: "exclusive thread", 2: "prohibited", 3: "exclusive process"}
    mig_enabled = pair(optional(nvml.nvmlDeviceGetMigMode, handle))
    errors = optional(
        nvml.nvmlDeviceGetTotalEccErrors, handle, nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC
    )
    repair_pending, repair_failed = repairs(nvml, handle)
    virtual, licensed = licence(nvml, handle)
    persistence = optional(nvml.nvmlDeviceGetPersistenceMode, handle)
    return {
        "index": index,
        "name": text(optional(nvml.nvmlDeviceGetName, handle)) or "",
        "uuid": uuid(nvml, handle),
        "pci_address": text(pci.busId).lower() if pci is not None else "",
        "compute_capability": "%d.%d" % tuple(capability) if capability else None,
        "memory_total_bytes": memory.total if memory is not None else None,
        "memory_used_bytes": memory.used if memory is not None else None,
        "processes": processes(nvml, handle),
        "mig_enabled": mig_enabled,
        "mig_devices": [uuid(nvml, instance) for instance in mig(nvml, handle)] if mig_enabled else [],
        "ecc_enabled": pair(optional(nvml.nvmlDeviceGetEccMode, handle)),
        "ecc_uncorrected": errors,
        "repair_pending": repair_pending,
        "repair_failed": repair_failed,
        "compute_mode": modes.get(mode, ""),
        "persistence": None if persistence is None else bool(persistence),
        "throttle_reasons": throttling(nvml, handle, limits(nvml)),
        "performance_state": optional(nvml.nvmlDeviceGetPerformanceState, handle),
        "temperature_c": optional(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        "pcie_width": optional(nvml.nvmlDeviceGetCurrPcieLinkWidth, handle),
        "pcie_width_max": optional(nvml.nvmlDeviceGetMaxPcieLinkWidth, handle),
        "virtual": virtual,
        "licensed": licensed,
    }


def opened_path():
    """The file that the loader opened."""
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                if "libnvidia-ml" in line:
                    return line[line.index("/") :].strip()
    except OSError:
        pass
    return "libnvidia-ml.so.1"


def bindings():
    """nvidia-ml-py, not yet initialised. Raises OSError with the loader's message."""
    if sys.platform != "win32":
        ctypes.CDLL("libnvidia-ml.so.1")
    import pynvml

    return pynvml


def ask():
    """The whole answer as a dictionary."""
    try:
        nvml = bindings()
    except OSError as error:
        return {"library": "", "error_code": LIBRARY_NOT_FOUND, "error": str(error)}
    answer = {"library": opened_path(), "error_code": 0, "error": "", "devices": []}
    started = time.time()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        answer.update(error_code=error.value, error=str(error))
        return answer
    answer["driver_release"] = text(optional(nvml.nvmlSystemGetDriverVersion))
    cuda = optional(nvml.nvmlSystemGetCudaDriverVersion)
    answer["cuda"] = "%d.%d" % (cuda // 1000, cuda % 1000 // 10) if cuda else None
    answer["devices"] = [device(nvml, index) for index in range(optional(nvml.nvmlDeviceGetCount) or 0)]
    answer["start_s"] = round(time.time() - started, 2)
    return answer


def main():
    """Print one JSON object."""
    give_up_rights()
    print(json.dumps(ask()))


if __name__ == "__main__":
    main()
