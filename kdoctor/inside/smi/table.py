"""What nvidia-smi prints without options: a table of the GPUs, their MIG instances and who holds memory."""

import time

import pynvml as nvml

from smi.gpu import MIB, ask, cuda_version, profile_of

WIDTH = 89  # between the outer bars
NAME = 27
PROCESS_NAME = 38
SHORT_MODES = {0: "Default", 1: "E. Thread", 2: "Prohibited", 3: "E. Process"}
RULE = "+%s+" % ("-" * WIDTH)
HEADS = (
    "|-----------------------------------------+------------------------+----------------------+",
    "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |",
    "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |",
    "|                                         |                        |               MIG M. |",
    "|=========================================+========================+======================|",
)
UNDER = "+-----------------------------------------+------------------------+----------------------+"
PROCESS_HEADS = (
    RULE,
    "| %-*s|" % (WIDTH - 1, "Processes:"),
    "|  GPU   GI   CI        PID   Type   Process name                              GPU Memory |",
    "|        ID   ID                                                               Usage      |",
    "|%s|" % ("=" * WIDTH),
)
MIG_HEADS = (
    RULE,
    "| %-*s|" % (WIDTH - 1, "MIG devices:"),
    "+------------------+----------------------------------+-----------------------------------+",
    "| GPU  GI  CI  MIG |                     Memory-Usage |                           Profile |",
    "|      ID  ID  Dev |                                  |                                   |",
    "|==================+==================================+===================================|",
)
MIG_UNDER = "+------------------+----------------------------------+-----------------------------------+"


def table(gpus):
    """The lines."""
    driver = ask("nvmlSystemGetDriverVersion")
    versions = ("NVIDIA-SMI " + driver, "Driver Version: " + driver, "CUDA Version: " + cuda_version())
    yield time.strftime("%a %b %e %H:%M:%S %Y")
    yield RULE
    yield "| %-33s %-30s %-22s |" % versions
    yield from HEADS
    for gpu in gpus:
        yield from rows(gpu)
        yield UNDER
    yield from mig_table(gpus)
    yield " " * len(RULE)
    yield from PROCESS_HEADS
    yield from process_rows(gpus) or ("|  %-*s|" % (WIDTH - 2, "No running processes found"),)
    yield RULE


def rows(gpu):
    """The three lines of a GPU."""
    name = gpu.ask("Name") or "?"
    name = name if len(name) <= NAME else name[: NAME - 3] + "..."
    persistence = "On" if gpu.ask("PersistenceMode") else "Off"
    yield "|%4d  %-27s%6s  |   %16s Off |%21s |" % (gpu.index, name, persistence, gpu.bus(), told(gpu.ecc()))
    watts = "%.0fW / %5s" % (gpu.watts("PowerUsage") or 0, "%.0fW" % (gpu.watts("EnforcedPowerLimit") or 0))
    memory = "%11s / %9s" % (told(gpu.memory("used"), "MiB"), told(gpu.memory("total"), "MiB"))
    degrees = told(gpu.ask("Temperature", nvml.NVML_TEMPERATURE_GPU), "C")
    mode = SHORT_MODES.get(gpu.ask("ComputeMode"), "N/A")
    yield "| N/A  %4s    %-3s%23s |%s |%8s %12s |" % (
        *(degrees, gpu.state() or "N/A", watts, memory),
        *(told(gpu.load("gpu"), "%"), mode),
    )
    yield "|%41s|%24s|%21s |" % ("", "", told(gpu.switch("MigMode")))


def told(value, unit=""):
    """A value with its unit."""
    return "N/A" if value is None else "%s%s" % (value, unit)


def mig_table(gpus):
    """The instances, where there are any."""
    found = [(gpu, number, one) for gpu in gpus for number, one in enumerate(gpu.instances())]
    if not found:
        return
    yield " " * len(RULE)
    yield from MIG_HEADS
    for gpu, number, one in found:
        memory = ask("nvmlDeviceGetMemoryInfo", one)
        usage = "%dMiB / %dMiB" % (memory.used // MIB, memory.total // MIB) if memory else "N/A"
        yield "| %2d  %3d %3d %3d  | %32s | %33s |" % (gpu.index, number + 1, 0, number, usage, profile_of(one))
    yield MIG_UNDER


def process_rows(gpus):
    """A line for each process."""
    found = []
    for gpu in gpus:
        for pid, kind, held in gpu.processes():
            name = ask("nvmlSystemGetProcessName", pid) or "N/A"
            name = name if len(name) <= PROCESS_NAME else "..." + name[3 - PROCESS_NAME :]
            memory = "N/A" if held is None else "%dMiB" % (held // MIB)
            found.append("|%5d   N/A  N/A %10d %6s   %-38s %11s |" % (gpu.index, pid, kind, name, memory))
    return found
