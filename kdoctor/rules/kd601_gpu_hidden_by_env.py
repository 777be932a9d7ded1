"""An environment variable hides the GPU.

What it means: CUDA_VISIBLE_DEVICES lists the devices that CUDA may use. -1, an empty value, or a number or UUID that
does not exist leaves none (the list ends at the first invalid entry; a MIG instance that is made anew, as after a
restart, has a new UUID). JAX_PLATFORMS=cpu does the same for JAX.

Why it matters: cuInit reports CUDA_ERROR_NO_DEVICE and every framework uses the CPU, while nvidia-smi lists the GPU.

What to do: unset the variable, or name devices that exist. Look where it is set: the shell's start-up files, the
scheduler, the notebook, the code itself.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

VISIBLE = "CUDA_VISIBLE_DEVICES"
NOTHING = ("", "-1", "nodevfiles", "none", "void")
NO_DEVICE = 100
REDACTED = "-0000-0000-0000-"
WHOLE_UUID = 40


@rule(
    Declared(
        id="KD601",
        cause="gpu-hidden-by-env",
        layer="visibility",
        severity="error",
        since="0.1.0",
        sources=(Source("CUDA C++ Programming Guide, environment variables: CUDA_VISIBLE_DEVICES", "2026-11-21"),),
        explains=("cuda-does-not-initialise",),
    )
)
def gpu_hidden_by_env(
    environ: Environ,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    keras: Keras | Absent | Unknown,
    scheduler: Scheduler | Absent | Unknown,
) -> Verdict:
    """The variables against the GPUs that exist; what cuInit lists outranks how a value reads."""
    variables = environ.variables
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("the installed frameworks are CPU builds")
    if isinstance(libcuda, Libcuda) and libcuda.init_code not in (0, NO_DEVICE):
        return NotApplicable(f"cuInit returns {libcuda.init_code}, which no variable causes; that comes first")
    count = gpu_count(gpus, nvml)
    if variables.get("JAX_PLATFORMS") == "cpu" and isinstance(keras, Keras) and keras.backend == "jax" and count:
        return _found("JAX_PLATFORMS", "cpu", "It leaves JAX the CPU alone.", count, scheduler)
    value = variables.get(VISIBLE)
    if value is None:
        return Clear(f"{VISIBLE} is not set")
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear(f"{VISIBLE}={value} leaves {len(libcuda.devices)} GPU")
    if not count:
        if isinstance(gpus, Unknown):
            return Undetermined(f"needs to know the GPUs: {gpus.reason}")
        return NotApplicable("there is no NVIDIA GPU to hide")
    refused = isinstance(libcuda, Libcuda) and libcuda.init_code == NO_DEVICE
    numbers = count if refused else count + len(mig_of(nvml))  # whether a number can mean an instance is CUDA's to say
    visible, invalid = visible_devices(value, numbers, (*uuids_of(nvml), *mig_of(nvml)))
    if visible is None or (visible == 0 and not refused and not is_clear(invalid)):
        return Undetermined(f"{VISIBLE}={value}: which GPU is meant cannot be told here")
    if visible:
        return Clear(f"{VISIBLE}={value}: {visible} GPU visible{f', {invalid} does not exist' if invalid else ''}")
    there = f"there {'is' if count == 1 else 'are'} {count}, counted from 0"
    reason = f"{invalid} does not exist; {there}." if invalid else "It leaves no device."
    return _found(VISIBLE, value, reason, count, scheduler)


def gpu_count(gpus: Gpus | Absent | Unknown, nvml: Nvml | Absent | Unknown) -> int:
    """How many NVIDIA GPUs this process could have: NVML leaves out those that a container was not given."""
    if isinstance(nvml, Nvml) and nvml.devices:
        return len(nvml.devices)
    return len(gpus.nvidia) if isinstance(gpus, Gpus) else 0


def uuids_of(nvml: Nvml | Absent | Unknown) -> tuple[str, ...]:
    """The UUIDs of the GPUs; none unless all are known."""
    found = [device.uuid for device in nvml.devices] if isinstance(nvml, Nvml) else []
    return tuple(found) if all(found) else ()


def mig_of(nvml: Nvml | Absent | Unknown) -> tuple[str, ...]:
    """The UUIDs of the MIG instances."""
    return tuple(name for device in nvml.devices for name in device.mig_devices) if isinstance(nvml, Nvml) else ()


def is_clear(entry: str) -> bool:
    """Whether an entry is of a form that CUDA is known to refuse or to look up: nothing, a number, a UUID."""
    return entry.isdecimal() or entry == "" or entry.upper().startswith(("GPU-", "MIG-"))


def visible_devices(value: str, count: int, uuids: tuple[str, ...]) -> tuple[int | None, str]:
    """How many devices a list leaves, and the entry that ended it ("" if none did).

    None where the list has UUIDs and none is known that it could be compared with.

    >>> visible_devices("0,1", 2, ()), visible_devices("-1", 2, ()), visible_devices("0,7,1", 2, ())
    ((2, ''), (0, ''), (1, '7'))
    """
    left = 0
    for entry in [part.strip() for part in value.split(",")]:
        if entry.upper().startswith(("GPU-", "MIG-")):
            name = entry.partition("/")[0].lower().replace("mig-gpu-", "gpu-")  # until driver 460: MIG-GPU-UUID/1/0
            if not uuids or (REDACTED in uuids[0] and len(name) < WHOLE_UUID):
                return None, entry
            if not any(uuid.lower().startswith(name) for uuid in uuids):
                return left, entry
            left += 1
        elif entry.isascii() and entry.isdecimal() and int(entry[:9]) < count:
            left += 1
        else:
            return left, "" if entry.lower() in NOTHING else entry
    return left, ""


def _found(name: str, value: str, reason: str, count: int, scheduler: Scheduler | Absent | Unknown) -> Found:
    shown = value or "(empty)"
    listed = ("nvidia-smi -L   # the UUIDs that exist",) if "GPU-" in value.upper() or "MIG-" in value.upper() else ()
    remedy = Remedy(text="Unset the variable, or name a device that exists.", commands=(f"unset {name}", *listed))
    if (
        name == VISIBLE
        and isinstance(scheduler, Scheduler)
        and scheduler.kind == "slurm"
        and not scheduler.gpus_granted
    ):
        remedy = Remedy(text="Slurm granted this job no GPU. Ask for one.", commands=("srun --gres=gpu:1 ...",))
    return Found(
        what=f"{name}={shown[:40]} hides {'the GPU' if count == 1 else f'all {count} GPUs'}.",
        why=f"{reason} cuInit then reports no device, and frameworks use the CPU.",
        remedy=remedy,
        evidence=(Evidence(name, shown, "environment"), Evidence("NVIDIA GPUs", str(count), "NVML or PCI bus")),
    )
