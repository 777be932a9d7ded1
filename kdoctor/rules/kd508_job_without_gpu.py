"""The cluster's scheduler runs this job without a GPU.

What it means: Slurm tells a job its GPUs in SLURM_JOB_GPUS, SLURM_GPUS_ON_NODE and CUDA_VISIBLE_DEVICES. This job has
none of them. The node's GPUs, if it has any, are closed to the job by its control group.

Why it matters: nvidia-smi says "No devices were found", cuInit returns CUDA_ERROR_NO_DEVICE, and training uses the CPU.

What to do: ask for a GPU when submitting. In a shell that `salloc` opened, start the program with `srun`.
"""

from kdoctor.advice import has_nvidia, seen_gpus
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cluster import Cluster
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

NO_DEVICE = 100
VISIBLE = "CUDA_VISIBLE_DEVICES"
ASK = {
    "slurm": ("srun --gres=gpu:1 ...", "sbatch --gres=gpu:1 job.sh   # or in job.sh: #SBATCH --gres=gpu:1"),
    "pbs": ("qsub -l select=1:ngpus=1 job.sh",),
    "lsf": ('bsub -gpu "num=1" ...',),
}


@rule(
    Declared(
        id="KD508",
        cause="gpu-hidden-by-env",
        layer="container",
        severity="error",
        since="0.1.0",
        sources=(Source("Slurm: Generic Resource (GRES) Scheduling; cgroup.conf(5) ConstrainDevices", "2026-11-22"),),
        explains=("no-nvidia-gpu", "cuda-does-not-initialise", "gpu-device-permission", "driver-missing"),
    )
)
def job_without_gpu(
    scheduler: Scheduler,
    environ: Environ,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    cluster: Cluster | Absent | Unknown,
) -> Verdict:
    """A job that was granted none, by the scheduler's variables and by what the driver then shows."""
    if scheduler.kind not in ASK:
        return NotApplicable(f"{scheduler.kind}: see container-without-gpu-runtime")
    if scheduler.gpus_granted:
        return Clear(f"{scheduler.gpus_granted} GPU granted")
    if isinstance(libcuda, Libcuda) and libcuda.devices:
        return Clear("cuInit lists a device")
    if VISIBLE in environ.variables:
        return NotApplicable(f"{VISIBLE} is set (see gpu-hidden-by-env)")
    if isinstance(frameworks, Frameworks) and all(build.gpu == "none" for build in frameworks.builds):
        return NotApplicable("a CPU build in a job without a GPU is as it should be")
    if isinstance(gpus, Unknown):
        return Undetermined(f"needs to know the GPUs: {gpus.reason}")
    if has_nvidia(gpus) and not is_closed(nvml, libcuda):
        if isinstance(nvml, Unknown) or isinstance(libcuda, Unknown):
            return Undetermined("needs NVML or cuInit to tell whether the node's GPU is open to the job")
        return NotApplicable("the driver shows another fault than a GPU that is closed to the job")
    return _found(scheduler, gpus, cluster, seen=has_nvidia(gpus))


def is_closed(nvml: Nvml | Absent | Unknown, libcuda: Libcuda | Absent | Unknown) -> bool:
    """Whether the driver works and shows this process no device."""
    none_listed = isinstance(nvml, Nvml) and nvml.error_code == 0 and not nvml.devices
    return none_listed or (isinstance(libcuda, Libcuda) and libcuda.init_code == NO_DEVICE)


def _found(scheduler: Scheduler, gpus: Gpus | Absent, cluster: Cluster | Absent | Unknown, *, seen: bool) -> Found:
    kinds, source = (cluster.gpu_types, ", ".join(cluster.signs)) if isinstance(cluster, Cluster) else ((), "")
    name = {"slurm": "Slurm", "pbs": "PBS", "lsf": "LSF"}[scheduler.kind]
    text = "Ask for a GPU when you submit the job. In a shell of `salloc`, start the program with `srun`."
    return Found(
        what=f"This {name} job was granted no GPU{'; those of the node are closed to it' if seen else ''}.",
        why="The scheduler opens to a job only the GPUs that it asked for; without one training runs on the CPU.",
        remedy=Remedy(text=text, commands=ASK[scheduler.kind]),
        evidence=(
            Evidence("job", name, ", ".join(scheduler.signs)),
            Evidence("GPUs granted", "none", "SLURM_JOB_GPUS, SLURM_GPUS_ON_NODE, CUDA_VISIBLE_DEVICES"),
            *((Evidence("GPUs of the cluster", ", ".join(kinds[:4]), source),) if kinds else ()),
            *seen_gpus(gpus),
        ),
        severity=None if seen else "warning",
        confidence="certain" if seen and scheduler.kind == "slurm" else "likely",
    )
