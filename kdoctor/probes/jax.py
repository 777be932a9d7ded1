"""Which JAX is installed, and with which CUDA plug-ins?"""

from kdoctor.host import Host, is_directory
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.jax import Jax, JaxPlugin

MAJORS = (13, 12)


def probe(host: Host, distributions: Distributions, environ: Environ) -> Jax | Absent:
    """Read versions from metadata, and where each plug-in's library is."""
    jax = distributions.get("jax")
    jaxlib = distributions.get("jaxlib")
    if jax is None and jaxlib is None:
        return Absent(looked=("jax", "jaxlib"))
    plugins = tuple(plugin for major in MAJORS if (plugin := _plugin(host, distributions, major)) is not None)
    return Jax(
        version=jax.version if jax else "",
        jaxlib=jaxlib.version if jaxlib else "",
        directory=f"{(jax or jaxlib).location}/jax" if (jax or jaxlib) else "",  # type: ignore[union-attr]  # one is set
        plugins=plugins,
        platforms=environ.variables.get("JAX_PLATFORMS", ""),
    )


def _plugin(host: Host, distributions: Distributions, major: int) -> JaxPlugin | None:
    pjrt = distributions.get(f"jax-cuda{major}-pjrt")
    kernels = distributions.get(f"jax-cuda{major}-plugin")
    if pjrt is None and kernels is None:
        return None
    location = next(item.location for item in (pjrt, kernels) if item is not None)
    directory = f"{location}/jax_plugins/xla_cuda{major}"
    return JaxPlugin(
        cuda_major=major,
        pjrt=pjrt.version if pjrt else "",
        kernels=kernels.version if kernels else "",
        directory=directory if is_directory(host, directory) else "",
    )
