"""The parts of JAX are of different releases.

What it means: jax, jaxlib, jax-cudaNN-plugin and jax-cudaNN-pjrt are released together and must have the same version.

Why it matters: a plug-in of another release is refused ("JAX plugin ... is not compatible with the installed jaxlib"),
and JAX then runs on the CPU.

What to do: install them together, through the extra.
"""

from __future__ import annotations

from kdoctor.advice import has_nvidia, pip
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.jax import Jax
from kdoctor.model.facts.keras import Keras
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD307",
        cause="corrupted-install",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(Source("jax-ml/jax jax_plugins/cuda/__init__.py @cec06d1", "2026-11-21"),),
    )
)
def jax_plugin_mismatch(
    jax: Jax, interpreter: Interpreter, keras: Keras | Absent, gpus: Gpus | Absent | Unknown
) -> Verdict:
    """Compare the versions of jaxlib and of every part of the plug-ins."""
    if not jax.plugins:
        return NotApplicable("JAX has no CUDA plug-in")
    for plugin in jax.plugins:
        parts = {
            "jaxlib": jax.jaxlib,
            f"jax-cuda{plugin.cuda_major}-pjrt": plugin.pjrt,
            f"jax-cuda{plugin.cuda_major}-plugin": plugin.kernels,
        }
        odd = {name: version for name, version in parts.items() if version != jax.jaxlib}
        if odd:
            name, version = next(iter(odd.items()))
            beside = isinstance(keras, Keras) and keras.backend != "jax"
            return Found(
                what=f"{name} is {version or 'not installed'}, but jaxlib is {jax.jaxlib}.",
                why="JAX takes a plug-in of its own release only; with another it runs on the CPU.",
                remedy=Remedy(
                    text="Install all parts together.",
                    commands=(pip(interpreter, "install", f"jax[cuda{plugin.cuda_major}]=={jax.version}"),),
                    safety="changes-environment",
                ),
                evidence=tuple(Evidence(part, found or "not installed", "metadata") for part, found in parts.items()),
                severity="warning" if beside or not has_nvidia(gpus) else None,
            )
    return Clear(f"all parts are {jax.jaxlib}")
