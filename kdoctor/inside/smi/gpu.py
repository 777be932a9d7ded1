"""What NVML says of one GPU, by the names that nvidia-smi gives it."""

import time

import pynvml as nvml

MIB = 1 << 20
UNKNOWN = 255
MODES = {0: "Default", 1: "Exclusive_Thread", 2: "Prohibited", 3: "Exclusive_Process"}
# Field of --query-gpu: its unit, "" for none, and the method of Gpu that answers, with its arguments.
FIELDS = {
    "timestamp": ("", "now"),
    "index": ("", "number"),
    "count": ("", "count"),
    "name": ("", "ask", "Name"),
    "uuid": ("", "ask", "UUID"),
    "serial": ("", "ask", "Serial"),
    "pci.bus_id": ("", "bus"),
    "driver_version": ("", "driver"),
    "compute_cap": ("", "capability"),
    "compute_mode": ("", "mode"),
    "persistence_mode": ("", "switch", "PersistenceMode"),
    "pstate": ("", "state"),
    "memory.total": ("MiB", "memory", "total"),
    "memory.used": ("MiB", "memory", "used"),
    "memory.free": ("MiB", "memory", "free"),
    "utilization.gpu": ("%", "load", "gpu"),
    "utilization.memory": ("%", "load", "memory"),
    "temperature.gpu": ("", "ask", "Temperature", nvml.NVML_TEMPERATURE_GPU),
    "fan.speed": ("%", "ask", "FanSpeed"),
    "power.draw": ("W", "watts", "PowerUsage"),
    "power.limit": ("W", "watts", "EnforcedPowerLimit"),
    "enforced.power.limit": ("W", "watts", "EnforcedPowerLimit"),
    "clocks.current.sm": ("MHz", "ask", "ClockInfo", nvml.NVML_CLOCK_SM),
    "clocks.max.sm": ("MHz", "ask", "MaxClockInfo", nvml.NVML_CLOCK_SM),
    "clocks_throttle_reasons.active": ("", "limits"),
    "clocks_event_reasons.active": ("", "limits"),
    "pcie.link.width.current": ("", "ask", "CurrPcieLinkWidth"),
    "pcie.link.width.max": ("", "ask", "MaxPcieLinkWidth"),
    "pcie.link.gen.current": ("", "ask", "CurrPcieLinkGeneration"),
    "pcie.link.gen.max": ("", "ask", "MaxPcieLinkGeneration"),
    "mig.mode.current": ("", "switch", "MigMode"),
    "ecc.mode.current": ("", "switch", "EccMode"),
    "ecc.errors.uncorrected.volatile.total": ("", "ecc"),
}


class EndError(Exception):
    """The program ends: with a status, and what it says on stdout unless ``aside``."""

    def __init__(self, status, text="", *, aside=False):
        """Keep the parts."""
        Exception.__init__(self, text)
        self.status, self.text, self.aside = status, text, aside


def ask(name, *arguments):
    """The value, None where there is none."""
    try:
        value = getattr(nvml, name)(*arguments)
    except (nvml.NVMLError, AttributeError):
        return None
    return value.decode() if isinstance(value, bytes) else value


def value_of(gpu, field):
    """The value of a field of --query-gpu, None where this GPU does not have it."""
    _, method, *arguments = FIELDS[field]
    return getattr(gpu, method)(*arguments)


def cuda_version():
    """The newest CUDA version that the driver supports."""
    number = ask("nvmlSystemGetCudaDriverVersion") or 0
    return "%d.%d" % (number // 1000, number % 1000 // 10)


def profile_of(instance):
    """The profile in the name of a MIG instance."""
    return (ask("nvmlDeviceGetName", instance) or "").partition(" MIG ")[2]


class Gpu:
    """One GPU, asked when a value is wanted; None: it does not have it."""

    def __init__(self, index):
        """Raises EndError, with the real program's words, where it does not answer."""
        self.index = index
        try:
            self.handle = nvml.nvmlDeviceGetHandleByIndex(index)
        except nvml.NVMLError as error:
            said = nvml.nvmlErrorString(error.value)
            text = "Unable to determine the device handle for GPU%d: %s" % (index, said)
            if error.value == nvml.NVML_ERROR_GPU_IS_LOST:
                text += ".  Reboot the system to recover this GPU\n\n"
            raise EndError(min(error.value, UNKNOWN), text) from error

    def ask(self, name, *arguments):
        """What nvmlDeviceGet<name> answers."""
        return ask("nvmlDeviceGet" + name, self.handle, *arguments)

    def now(self):
        """The time."""
        return time.strftime("%Y/%m/%d %H:%M:%S.000")

    def number(self):
        """Its index."""
        return self.index

    def count(self):
        """How many GPUs there are."""
        return ask("nvmlDeviceGetCount")

    def driver(self):
        """The driver's release."""
        return ask("nvmlSystemGetDriverVersion")

    def memory(self, part):
        """In MiB."""
        found = getattr(self.ask("MemoryInfo"), part, None)
        return None if found is None else found // MIB

    def bus(self):
        """Its PCI address."""
        found = self.ask("PciInfo")
        address = getattr(found, "busId", None)
        return address.decode() if isinstance(address, bytes) else address

    def ecc(self):
        """Uncorrectable memory errors since the driver was loaded."""
        return self.ask("TotalEccErrors", nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_VOLATILE_ECC)

    def watts(self, name):
        """A power in watts."""
        found = self.ask(name)
        return None if found is None else found / 1000.0

    def load(self, part):
        """In percent."""
        return getattr(self.ask("UtilizationRates"), part, None)

    def state(self):
        """The performance state."""
        found = self.ask("PerformanceState")
        return None if found is None else "P%d" % found

    def mode(self):
        """The compute mode in words."""
        return MODES.get(self.ask("ComputeMode"))

    def switch(self, name):
        """A truth value, or the first of a (current, pending) pair, in words."""
        found = self.ask(name)
        found = found[0] if isinstance(found, (list, tuple)) else found
        return None if found is None else "Enabled" if found else "Disabled"

    def limits(self):
        """Why the clocks are low, as NVML's bits."""
        found = self.ask("CurrentClocksThrottleReasons")
        return None if found is None else "0x%016x" % found

    def capability(self):
        """The compute capability."""
        found = self.ask("CudaComputeCapability")
        return None if found is None else "%d.%d" % tuple(found)

    def instances(self):
        """The handles of its MIG instances."""
        if self.switch("MigMode") != "Enabled":
            return []
        found = [self.ask("MigDeviceHandleByIndex", index) for index in range(self.ask("MaxMigDeviceCount") or 0)]
        return [instance for instance in found if instance is not None]

    def processes(self):
        """(PID, C or G, bytes) of who holds memory."""
        for kind in ("Compute", "Graphics"):
            for process in self.ask(kind + "RunningProcesses_v3") or self.ask(kind + "RunningProcesses_v2") or ():
                yield process.pid, kind[0], process.usedGpuMemory
