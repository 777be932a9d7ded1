"""This system's C library is musl, for which no framework has a wheel.

What it means: Alpine Linux and a few others use musl. The wheels of TensorFlow, JAX and PyTorch are linked against
glibc (manylinux), and so are the libraries of the NVIDIA driver.

Why it matters: `pip install tensorflow` says: No matching distribution found. No option of pip changes that.

What to do: use an image or a distribution with glibc: Debian, Ubuntu, Fedora.
"""

from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD512",
        cause="glibc-too-old",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(
            Source("PEP 656, musllinux tags; the files of tensorflow, jaxlib and torch on the index", "2026-11-22"),
        ),
        explains=("python-unsupported", "tensorflow-not-installed"),
    )
)
def musl_without_wheels(
    system: System, frameworks: Frameworks | Absent | Unknown, keras: Keras | Absent | Unknown
) -> Verdict:
    """musl and no framework; an error where Keras waits for one."""
    if system.os != "linux" or system.libc == "glibc":
        return NotApplicable("this system's C library is not musl")
    if not system.libc:
        return Undetermined("the system's C library could not be told")
    if isinstance(frameworks, Unknown):
        return Undetermined(frameworks.reason)
    if isinstance(frameworks, Frameworks) and frameworks.builds:
        return Clear(f"{frameworks.builds[0].title} is installed all the same")
    waits = isinstance(keras, Keras)
    return Found(
        what=f"{system.distribution or 'This system'} uses musl; TensorFlow, JAX and PyTorch have no wheel for it."[
            :100
        ],
        why="Their wheels and the NVIDIA driver's libraries are linked against glibc: No matching distribution found.",
        remedy=Remedy(
            text="Use an image with glibc, such as python:3.12-slim (Debian) in the Dockerfile.",
            commands=("docker run -it --rm python:3.12-slim bash", "pip install 'tensorflow[and-cuda]'   # in it"),
            safety="safe",
        ),
        evidence=(
            Evidence("C library", system.libc, "/lib/ld-musl-*.so.1"),
            Evidence("system", system.distribution or system.distribution_id or "unknown", "/etc/os-release"),
        ),
        severity=None if waits else "note",
    )
