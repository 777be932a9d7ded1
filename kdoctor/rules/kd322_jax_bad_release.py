"""This JAX, or the cuBLAS that it would load, is a release with a known fault.

What it means: JAX's authors have withdrawn this release, or name a fault of cuBLAS on GPUs of this generation.

Why it matters: results can be wrong without any message.

What to do: update JAX, or use its plug-in for the CUDA major whose cuBLAS has the fault mended.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import jax as table
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.jax import Jax
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudaVersion


@rule(
    Declared(
        id="KD322",
        cause="",
        layer="framework-build",
        severity="warning",
        since="0.1.0",
        sources=(Source("package index (yanked); jax-ml/jax@cec06d1 jax_plugins/cuda/__init__.py", "2026-11-21"),),
    )
)
def jax_bad_release(
    jax: Jax, cuda_libraries: CudaLibraries | Absent | Unknown, gpus: Gpus | Absent | Unknown, interpreter: Interpreter
) -> Verdict:
    """The version of jax, and that of cuBLAS beside the GPUs' compute capabilities, against the table's traps."""
    release = parse_release(jax.version)
    if release is None:
        return Undetermined(f"jax {jax.version} is no version that can be compared")
    trap = next((row for row in table.traps_of(release) if row.installed), None)
    if trap is not None:
        seen = Evidence("jax", jax.version, jax.directory)
        commands = (pip(interpreter, "install", "--upgrade", jax_with(jax)),)
        return _found(f"JAX {jax.version} has been withdrawn by its authors.", trap, seen, commands)
    search = cuda_libraries.get("jax") if isinstance(cuda_libraries, CudaLibraries) else None
    blas = search.get("libcublas") if search else None
    if blas is None or blas.state != "opens" or not isinstance(gpus, Gpus):
        return Clear(f"JAX {jax.version} is not withdrawn, and no cuBLAS is opened on a known GPU")
    return of_cublas(jax, blas, gpus, interpreter)


def of_cublas(jax: Jax, blas: Library, gpus: Gpus, interpreter: Interpreter) -> Verdict:
    """The faults of cuBLAS releases on some GPUs."""
    version = CudaVersion.parse(blas.version)
    majors = {gpu.compute_capability.major for gpu in gpus.nvidia if gpu.compute_capability is not None}
    rows = [row for row in table.traps() if row.cublas_from and majors & set(row.capability_majors)]
    if rows and version is None:
        return Undetermined(f"the version of {blas.path} is not known")
    for row in rows:
        low, high = row.cublas_from, row.cublas_before
        if version is not None and low is not None and high is not None and low <= version < high:
            seen = Evidence("cuBLAS opened", blas.version, f"{blas.path} ({blas.found_via})")
            said = f"cuBLAS {version} has a known fault on this GPU ({row.versions})."
            old = [f"jax-cuda{item.cuda_major}-{part}" for item in jax.plugins for part in ("plugin", "pjrt")]
            commands = (
                pip(interpreter, "uninstall", "-y", *old),
                pip(interpreter, "install", "--upgrade", f"jax[cuda{high.major}]"),
            )
            return _found(said, row, seen, commands)
    return Clear(f"JAX {jax.version} with cuBLAS {blas.version or '?'} has no known fault here")


def jax_with(jax: Jax) -> str:
    """The requirement for JAX with the plug-in that is installed now."""
    return f"jax[cuda{jax.plugins[0].cuda_major}]" if jax.plugins else "jax"


def _found(what: str, trap: table.JaxTrap, seen: Evidence, commands: tuple[str, ...]) -> Found:
    return Found(
        what=what[:100],
        why=f"{trap.text[0].upper()}{trap.text[1:]}.",
        remedy=Remedy(
            text="Update JAX with all its parts; its plug-in for CUDA 13 needs a driver from 580 on.",
            commands=commands,
            safety="changes-environment",
        ),
        evidence=(seen, Evidence("faulty", trap.versions, f"compatibility table, {trap.id}")),
        confidence="possible" if trap.affected is None else "certain",
    )
