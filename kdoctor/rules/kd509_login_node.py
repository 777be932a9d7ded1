"""This is a machine of a cluster outside of any job, and it has no GPU.

What it means: the scheduler's commands are here, no job runs this shell, and neither the PCI bus nor the driver shows
an NVIDIA GPU: a login node, most likely. The GPUs are in the compute nodes.

Why it matters: frameworks list no GPU here whatever is installed, and nothing has to be mended for that.

What to do: run the check, and the training, in a job that asks for a GPU.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cluster import Cluster
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

CHECK = {
    "slurm": ("srun --gres=gpu:1 kdoctor check",),
    "pbs": ("qsub -I -l select=1:ngpus=1   # then, in its shell: kdoctor check",),
    "lsf": ('bsub -I -gpu "num=1" kdoctor check',),
}


@rule(
    Declared(
        id="KD509",
        cause="no-nvidia-gpu",
        layer="hardware",
        severity="warning",
        since="0.1.0",
        sources=(Source("Slurm quick start user guide; srun(1) --gres", "2026-11-22"),),
        explains=("no-nvidia-gpu",),
    )
)
def login_node(
    cluster: Cluster,
    scheduler: Scheduler | Absent,
    container: Container | Absent,
    frameworks: Frameworks | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
) -> Verdict:
    """A cluster's machine without a GPU, where a CUDA build is installed and no job runs."""
    if isinstance(scheduler, Scheduler):
        return NotApplicable(f"this is a job of {scheduler.kind}")
    if isinstance(container, Container):
        return NotApplicable("this is a container")
    if isinstance(gpus, Gpus) and gpus.nvidia:
        return Clear("this machine has an NVIDIA GPU")
    if isinstance(gpus, Unknown) or isinstance(frameworks, Unknown):
        return Undetermined("needs to know the GPUs and the frameworks")
    if isinstance(frameworks, Absent) or not any(build.gpu == "cuda" for build in frameworks.builds):
        return NotApplicable("no CUDA build is installed that would want a GPU")
    name = {"slurm": "Slurm", "pbs": "PBS", "lsf": "LSF"}[cluster.kind]
    return Found(
        what=f"This is a machine of a {name} cluster, outside of any job, without an NVIDIA GPU.",
        why="A login node has no GPU; frameworks list those of a compute node, in a job that asks for one.",
        remedy=Remedy(text="Check and train in a job that asks for a GPU.", commands=CHECK[cluster.kind]),
        evidence=(
            Evidence("scheduler", name, ", ".join(cluster.signs)),
            *(
                (Evidence("GPUs of the cluster", ", ".join(cluster.gpu_types[:4]), ", ".join(cluster.signs)),)
                if cluster.gpu_types
                else ()
            ),
            Evidence("job", "none", "SLURM_JOB_ID, PBS_JOBID, LSB_JOBID"),
            Evidence("NVIDIA GPU", "none", ", ".join(gpus.looked) if isinstance(gpus, Absent) else "PCI bus"),
        ),
        confidence="likely" if cluster.gpu_types else "possible",
    )
