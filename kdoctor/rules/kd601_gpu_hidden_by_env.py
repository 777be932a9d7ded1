"""An environment variable hides the GPU.

What it means: CUDA_VISIBLE_DEVICES lists the devices that CUDA may use. -1, an empty value, or a number or UUID that
does not exist leaves none (the list ends at the first invalid entry). JAX_PLATFORMS=cpu does the same for JAX.

Why it matters: cuInit reports CUDA_ERROR_NO_DEVICE and every framework uses the CPU, while nvidia-smi lists the GPU.

What to do: unset the variable, or name devices that exist. Look where it is set: the shell's start-up files, the
scheduler, the notebook, the code itself.
"""

from __future__ import annotations

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

VISIBLE = "CUDA_VISIBLE_DEVICES"


@rule(
    Declared(
        id="KD601",
        cause="gpu-hidden-by-env",
        layer="visibility",
        severity="error",
        since="0.1.0",
        sources=(Source("CUDA C++ Programming Guide, environment variables: CUDA_VISIBLE_DEVICES", "2026-11-21"),),
    )
)
def gpu_hidden_by_env(
    environ: Environ, gpus: Gpus | Absent | Unknown, nvml: Nvml | Absent | Unknown, keras: Keras | Absent
) -> Verdict:
    """The variables against the GPUs that exist."""
    variables = environ.variables
    count = len(gpus.nvidia) if isinstance(gpus, Gpus) else 0
    platforms = variables.get("JAX_PLATFORMS", "")
    if platforms == "cpu" and isinstance(keras, Keras) and keras.backend == "jax" and count:
        return _found("JAX_PLATFORMS", "cpu", "It leaves JAX the CPU alone.", count)
    value = variables.get(VISIBLE)
    if value is None:
        return Clear(f"{VISIBLE} is not set")
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know the GPUs: {gpus.reason}")
    if not count:
        return NotApplicable("there is no NVIDIA GPU to hide")
    uuids = [device.uuid for device in nvml.devices] if isinstance(nvml, Nvml) else []
    mig = [name for device in nvml.devices for name in device.mig_devices] if isinstance(nvml, Nvml) else []
    visible, invalid = visible_devices(value, count, (*uuids, *mig))
    if visible is None:
        return Undetermined(f"{VISIBLE}={value} names devices by UUID, and no UUID is known here")
    if visible:
        kept = f"{visible} of {count} GPU visible"
        return Clear(f"{VISIBLE}={value}: {kept}{', ' + invalid + ' does not exist' if invalid else ''}")
    reason = f"{invalid} does not exist; there {'is' if count == 1 else 'are'} {count}, counted from 0." if invalid else ""
    return _found(VISIBLE, value, reason or "It leaves no device.", count)


def visible_devices(value: str, count: int, uuids: tuple[str, ...]) -> tuple[int | None, str]:
    """How many devices a list leaves, and the entry that ended it ("" if none did).

    None where the list has UUIDs and none is known.

    >>> visible_devices("0,1", 2, ()), visible_devices("-1", 2, ()), visible_devices("0,7,1", 2, ())
    ((2, ''), (0, ''), (1, '7'))
    """
    left = 0
    for entry in [part.strip() for part in value.split(",")]:
        if entry.upper().startswith(("GPU-", "MIG-")):
            if not uuids:
                return None, ""
            if not any(uuid.lower().startswith(entry.lower()) for uuid in uuids):
                return left, entry
            left += 1
        elif entry.isdigit() and int(entry) < count:
            left += 1
        elif entry in ("", "-1", "NoDevFiles", "none"):
            return left, ""
        else:
            return left, entry
    return left, ""


def _found(name: str, value: str, reason: str, count: int) -> Found:
    shown = value if value else "(empty)"
    return Found(
        what=f"{name}={shown} hides {'the GPU' if count == 1 else f'all {count} GPUs'}."[:100],
        why=f"{reason} cuInit then reports no device, and frameworks use the CPU.",
        remedy=Remedy(text="Unset the variable, or name a device that exists.", commands=(f"unset {name}",)),
        evidence=(
            Evidence(name, shown, "environment"),
            Evidence("NVIDIA GPUs", str(count), "PCI bus, NVML"),
        ),
    )
