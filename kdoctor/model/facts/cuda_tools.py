"""ptxas and libdevice, which XLA needs at run time, as XLA itself would find them."""

from kdoctor.model.facts.base import Section
from kdoctor.model.version import CudaVersion


class CudaTools(Section, frozen=True, kw_only=True):
    """Paths are "" where nothing was found; ``*_elsewhere``: copies outside XLA's search."""

    ptxas: str = ""
    ptxas_via: str = ""
    ptxas_version: CudaVersion | None = None
    ptxas_elsewhere: tuple[str, ...] = ()
    libdevice: str = ""
    libdevice_via: str = ""
    libdevice_elsewhere: tuple[str, ...] = ()
    looked: tuple[str, ...] = ()
