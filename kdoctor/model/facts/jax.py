"""The installed JAX, jaxlib and CUDA plug-ins."""

import msgspec

from kdoctor.model.facts.base import Section


class JaxPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """One CUDA plug-in; ``pjrt`` and ``kernels`` are the versions of its two distributions, "" if missing."""

    cuda_major: int
    pjrt: str
    kernels: str
    directory: str = ""


class Jax(Section, frozen=True, kw_only=True):
    """``plugins`` is empty for a CPU-only JAX."""

    version: str
    jaxlib: str = ""
    directory: str = ""
    plugins: tuple[JaxPlugin, ...] = ()
    platforms: str = ""
