"""A stand-in for nvidia-smi, by kdoctor's own interpreter: its table, -L, -q and queries, out of what NVML answers.

Texts and exit statuses for what does not work are the real program's. An option that is not here is refused with 2 and
one line on stderr that says so.
"""

import sys

if sys.flags.isolated:  # then the script's directory is not where modules are looked for
    sys.path.insert(0, __file__.rpartition("/")[0])

import time

import pynvml as nvml
from smi.gpu import FIELDS, MIB, UNKNOWN, EndError, Gpu, ask, cuda_version, profile_of, value_of
from smi.table import table

INVALID = 2
NONE_FOUND = 6
NO_NVML = """\
NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is \
properly installed and present in your system.
Please also try adding directory that contains libnvidia-ml.so to your system PATH."""
NO_DRIVER = """\
NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver \
is installed and running.
"""
TEXTS = {
    4: "Failed to initialize NVML: Insufficient Permissions",
    9: NO_DRIVER,
    12: NO_NVML,
    17: "Failed to initialize NVML: GPU access blocked by the operating system",
    18: "Failed to initialize NVML: Driver/library version mismatch",
}
HELP = """\
A stand-in that `kdoctor fake` puts before the real program. It has:
  nvidia-smi [-i ID,...] [-L | -q]
  nvidia-smi [-i ID,...] --query-gpu=FIELD,... --format=csv[,noheader][,nounits]
  nvidia-smi [-i ID,...] --query-compute-apps=FIELD,... --format=csv[,noheader][,nounits]"""
LONG = {"--list-gpus": "-L", "--query": "-q", "--id": "-i", "--help": "-h"}
OPTIONS = ("-L", "-q", "-i", "-h", "--version", "--query-gpu", "--query-compute-apps", "--format")
ALIASES = {
    "gpu_name": "name",
    "gpu_uuid": "uuid",
    "gpu_bus_id": "pci.bus_id",
    "clocks.sm": "clocks.current.sm",
}
APP_FIELDS = {
    "pid": "",
    "process_name": "",
    "used_gpu_memory": "MiB",
    "gpu_name": "",
    "gpu_uuid": "",
    "gpu_bus_id": "",
}
APP_ALIASES = {"used_memory": "used_gpu_memory", "name": "process_name"}
# What -q says: heading, "" for none, and fields of --query-gpu by their label.
LOG = (
    ("", (("Product Name", "name"), ("Persistence Mode", "persistence_mode"), ("GPU UUID", "uuid"))),
    ("MIG Mode", (("Current", "mig.mode.current"),)),
    ("FB Memory Usage", (("Total", "memory.total"), ("Used", "memory.used"), ("Free", "memory.free"))),
    ("", (("Compute Mode", "compute_mode"), ("Performance State", "pstate"))),
    ("Utilization", (("Gpu", "utilization.gpu"), ("Memory", "utilization.memory"))),
    ("ECC Mode", (("Current", "ecc.mode.current"),)),
    ("Temperature", (("GPU Current Temp", "temperature.gpu"),)),
    ("Clocks", (("SM", "clocks.current.sm"),)),
)


def listing(gpus):
    """What -L prints."""
    for gpu in gpus:
        yield "GPU %d: %s (UUID: %s)" % (gpu.index, gpu.ask("Name"), gpu.ask("UUID"))
        for number, one in enumerate(gpu.instances()):
            yield "  MIG %-11s Device %2d: (UUID: %s)" % (profile_of(one), number, ask("nvmlDeviceGetUUID", one))


def log(gpus):
    """What -q prints, its basics."""
    yield "\n==============NVSMI LOG==============\n"
    yield labelled("Timestamp", time.strftime("%a %b %e %H:%M:%S %Y"), 0)
    yield labelled("Driver Version", ask("nvmlSystemGetDriverVersion"), 0)
    yield labelled("CUDA Version", cuda_version(), 0)
    yield "\n" + labelled("Attached GPUs", ask("nvmlDeviceGetCount"), 0)
    for gpu in gpus:
        yield "GPU %s" % gpu.bus()
        for heading, fields in LOG:
            if heading:
                yield "    " + heading
            for label, field in fields:
                value = value_of(gpu, field)
                text = "N/A" if value is None else shown(value, FIELDS[field][0])
                yield labelled(label, text, 8 if heading else 4)
    yield ""


def labelled(label, value, indent):
    """A line of -q."""
    return "%s%s: %s" % (" " * indent, label.ljust(50 - indent), value)


def shown(value, unit=""):
    """A value as a query prints it."""
    if value is None:
        return "[N/A]"
    return ("%.2f" % value if isinstance(value, float) else str(value)) + (" " + unit if unit else "")


def app_value(gpu, process, field):
    """The value of a field of --query-compute-apps."""
    pid, _, held = process
    if field == "pid":
        return pid
    if field == "process_name":
        return ask("nvmlSystemGetProcessName", pid)
    if field == "used_gpu_memory":
        return None if held is None else held // MIB
    return value_of(gpu, ALIASES[field])


def queried(names, units, things, form):
    """CSV: a header, and a line for each of ``things``: functions from a field to its value."""
    words = [word.strip() for word in form.split(",")]
    if "csv" not in words:
        raise EndError(INVALID, "nvidia-smi (simulated): a query needs --format=csv", aside=True)
    for name in names:
        if name not in units:
            raise EndError(INVALID, 'Field "%s" is not a valid field to query.\n' % name)
    if "noheader" not in words:
        yield ", ".join(name + " [%s]" % units[name] if units[name] else name for name in names)
    for value in things:
        yield ", ".join(shown(value(name), "" if "nounits" in words else units[name]) for name in names)


def fields(text, aliases):
    """The fields of a query by their own names."""
    names = [name.strip() for name in text.split(",")]
    return [aliases.get(name, name) for name in names]


def options(words):
    """The options by name. Raises EndError for one that is not simulated."""
    found, words = {}, list(words)
    while words:
        name, equals, value = words.pop(0).partition("=")
        name = LONG.get(name, name)
        if name not in OPTIONS:
            raise EndError(INVALID, "nvidia-smi (simulated): %s is not simulated" % name, aside=True)
        if name == "-i" and not equals:
            value = words.pop(0) if words else ""
        found[name] = value
    return found


def chosen(wanted):
    """The GPUs, or those of -i: by index, UUID or bus id."""
    gpus = [Gpu(index) for index in range(ask("nvmlDeviceGetCount") or 0)]
    names = set(wanted.split(",")) if wanted is not None else None
    found = [gpu for gpu in gpus if names is None or names & {str(gpu.index), gpu.ask("UUID"), gpu.bus()}]
    if not found:
        raise EndError(NONE_FOUND, "No devices were found")
    return found


def start():
    """Initialise NVML; raises EndError with the real program's words."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        text = TEXTS.get(error.value) or "Failed to initialize NVML: %s" % nvml.nvmlErrorString(error.value)
        raise EndError(min(error.value, UNKNOWN), text) from error


def answer(words):
    """The lines to print. Raises EndError."""
    asked = options(words)
    if "-h" in asked:
        return [HELP]
    start()
    if "--version" in asked:
        return ["NVIDIA-SMI version  : %s" % ask("nvmlSystemGetDriverVersion")]
    gpus, form = chosen(asked.get("-i")), asked.get("--format", "")
    if "--query-gpu" in asked:
        units = {name: field[0] for name, field in FIELDS.items()}
        return queried(
            fields(asked["--query-gpu"], ALIASES),
            units,
            [lambda name, gpu=gpu: value_of(gpu, name) for gpu in gpus],
            form,
        )
    if "--query-compute-apps" in asked:
        held = [(gpu, process) for gpu in gpus for process in gpu.processes() if process[1] == "C"]
        things = [lambda name, gpu=gpu, process=process: app_value(gpu, process, name) for gpu, process in held]
        return queried(fields(asked["--query-compute-apps"], APP_ALIASES), APP_FIELDS, things, form)
    return listing(gpus) if "-L" in asked else log(gpus) if "-q" in asked else table(gpus)


def main(words):
    """Print the answer; give the exit status."""
    try:
        for line in answer(words):
            print(line)
    except EndError as end:
        print(end.text, file=sys.stderr if end.aside else sys.stdout)
        return end.status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
