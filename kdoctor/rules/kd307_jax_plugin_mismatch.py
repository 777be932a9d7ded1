"""The parts of JAX are of different releases.

What it means: jax, jaxlib, jax-cudaNN-plugin and jax-cudaNN-pjrt are released together and must have the same version.

Why it matters: a plug-in of another release is refused ("JAX plugin ... is not compatible with the installed jaxlib"),
and JAX then runs on the CPU; a jaxlib of another release stops the import.

What to do: install them together, through the extra.
"""

from packaging.specifiers import SpecifierSet

from kdoctor.advice import has_nvidia, pip
from kdoctor.knowledge import jax as table
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.jax import Jax
from kdoctor.model.facts.keras import Keras
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
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
    """Compare the versions of jax, jaxlib and of every part of the plug-ins."""
    odd = odd_jaxlib(jax)
    plugin = jax.plugins[0] if jax.plugins else None
    extra = f"jax[cuda{plugin.cuda_major}]" if plugin else "jax"
    parts = {"jax": jax.version, "jaxlib": jax.jaxlib}
    for plugin in jax.plugins:
        name = f"jax-cuda{plugin.cuda_major}"
        mine = {f"{name}-plugin": plugin.kernels}
        if plugin.pjrt or not plugin.directory:
            mine[f"{name}-pjrt"] = plugin.pjrt
        parts.update(mine)
        odd = odd or next(
            (
                f"{part} is {version or 'not installed'}"
                for part, version in mine.items()
                if differ(version, jax.jaxlib)
            ),
            "",
        )
    if not odd:
        return Clear(f"all parts are {jax.jaxlib}" if jax.plugins else f"jax {jax.version} with jaxlib {jax.jaxlib}")
    beside = isinstance(keras, Keras) and keras.backend != "jax"
    return Found(
        what=f"{odd}, but jaxlib is {jax.jaxlib or 'not installed'}."[:100],
        why="JAX takes a jaxlib and a plug-in of its own release only; else it stops, or runs on the CPU.",
        remedy=Remedy(
            text="Install all parts together.",
            commands=(pip(interpreter, "install", f"{extra}=={jax.version}"),),
            safety="changes-environment",
        ),
        evidence=tuple(Evidence(part, version or "not installed", "metadata") for part, version in parts.items()),
        severity="warning" if beside or not has_nvidia(gpus) else None,
    )


def odd_jaxlib(jax: Jax) -> str:
    """What is wrong between jax and jaxlib by jax's own requirement, "" where it is met or not known."""
    release, library = parse_release(jax.version), parse_release(jax.jaxlib)
    if release is not None and not jax.jaxlib:
        return f"jax is {jax.version}"
    row = table.release_of(release) if release else None
    if row is None or library is None or SpecifierSet(row.jaxlib).contains(library.base_version, prereleases=True):
        return ""
    return f"jax is {jax.version}, which needs jaxlib{row.jaxlib}"


def differ(version: str, jaxlib: str) -> bool:
    """Whether the numbers of two releases differ; JAX itself looks at no more (not at .dev0 or +local)."""
    mine, theirs = parse_release(version), parse_release(jaxlib)
    return mine is None or theirs is None or mine.release != theirs.release
