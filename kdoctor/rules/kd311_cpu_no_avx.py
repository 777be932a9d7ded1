"""The processor lacks instructions that the framework is compiled with.

What it means: TensorFlow's wheels are compiled with AVX (from 1.6 on), jaxlib's with AVX too. Old processors, some
Atoms and Celerons, and virtual machines with a restricted processor model do not have it.

Why it matters: importing the framework ends with "Illegal instruction (core dumped)" and no other word.

What to do: run on a processor with AVX; in a virtual machine pass the host's processor model through.
"""

from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

COMPILED_WITH_AVX = ("tensorflow", "jax")


@rule(
    Declared(
        id="KD311",
        cause="cpu-no-avx",
        layer="hardware",
        severity="error",
        since="0.1.0",
        sources=(Source("TensorFlow install guide: binaries use AVX from 1.6 on; jaxlib's own message", "2026-11-21"),),
        explains=("no-nvidia-gpu", "cpu-only-build-installed", "cuda-lib-missing"),
    )
)
def cpu_no_avx(cpu: Cpu, frameworks: Frameworks, system: System) -> Verdict:
    """AVX among the flags, for wheels of x86-64; conda and those who compile themselves may do without."""
    if system.machine not in ("x86_64", "AMD64"):
        return NotApplicable(f"{system.machine} has no AVX, and its wheels do not use it")
    if not cpu.flags:
        return Undetermined("the processor's instruction sets are not known")
    if "avx" in cpu.flags:
        return Clear(f"{cpu.model or 'the processor'} has AVX")
    needing = [build for build in frameworks.builds if _needs_avx(build)]
    if not needing:
        return NotApplicable("no installed framework needs AVX")
    return Found(
        what=f"The processor has no AVX, which {needing[0].title} is compiled with.",
        why='Importing it ends with "Illegal instruction (core dumped)".',
        remedy=Remedy(text="Use a processor with AVX; in a virtual machine set its processor model to the host's."),
        evidence=(
            Evidence("processor", cpu.model or "unknown", "/proc/cpuinfo"),
            Evidence("instruction sets", " ".join(cpu.flags) or "none of those asked for", "/proc/cpuinfo"),
        ),
    )


def _needs_avx(build: Build) -> bool:
    release = parse_release(build.version)
    own_build = build.distribution.endswith("(conda)") or (release is not None and release.local is not None)
    return build.framework in COMPILED_WITH_AVX and not own_build
