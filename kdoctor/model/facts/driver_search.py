"""Where a program finds the driver's two libraries, by the loader's own order."""

from kdoctor.model.facts.base import Section
from kdoctor.model.facts.cuda_libraries import Library


class DriverSearch(Section, frozen=True, kw_only=True):
    """``cuda``: libcuda.so.1, ``nvml``: libnvidia-ml.so.1, as the examined interpreter would open them."""

    cuda: Library
    nvml: Library
