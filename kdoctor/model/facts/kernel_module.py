"""The NVIDIA module that the running kernel could load, and what keeps it out; looked at where it is not loaded."""

from typing import Literal

from kdoctor.model.facts.base import Section
from kdoctor.model.version import DriverRelease


class KernelModule(Section, frozen=True, kw_only=True):
    """``path``: the file for the running kernel, "" if none was made; of it: release, flavour, whether it is signed.

    ``must_be_signed``: the kernel refuses other modules. ``headers``: what a module is built with is installed for
    this kernel. ``build_log``: of the last build for this kernel, if it failed; ``build_error``: its first error.
    None and "": not known.
    """

    path: str = ""
    release: DriverRelease | None = None
    flavour: Literal["open", "proprietary", ""] = ""
    signed: bool | None = None
    must_be_signed: bool | None = None
    headers: bool | None = None
    build_log: str = ""
    build_error: str = ""
