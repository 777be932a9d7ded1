"""conda, mamba, micromamba and pixi: installations, the examined prefix and its packages."""

import msgspec

from kdoctor.model.facts.base import Section


class CondaPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A record of conda-meta, of the packages that matter for GPUs."""

    name: str
    version: str
    build: str
    channel: str = ""


class CondaInstallation(msgspec.Struct, frozen=True, kw_only=True):
    """``tool``: conda, miniforge, mamba, micromamba or pixi."""

    tool: str
    root: str


class Conda(Section, frozen=True, kw_only=True):
    """``prefix``: the examined environment where it is a conda one, else "".

    ``virtual_packages``: as the solver would see them here, e.g. {"__cuda": "12.4"}.
    """

    installations: tuple[CondaInstallation, ...] = ()
    active_prefix: str = ""
    prefix: str = ""
    packages: tuple[CondaPackage, ...] = ()
    package_count: int = 0
    channels: tuple[str, ...] = ()
    virtual_packages: dict[str, str] = msgspec.field(default_factory=dict)

    def get(self, name: str) -> CondaPackage | None:
        """The record of that package."""
        return next((package for package in self.packages if package.name == name), None)

    def prefix_build(self, framework: str) -> str:
        """The build string of a framework's record, "" if it is not a conda package."""
        names = {"tensorflow": ("tensorflow-base", "tensorflow"), "jax": ("jaxlib",), "torch": ("pytorch",)}
        found = (self.get(name) for name in names.get(framework, ()))
        return next((package.build for package in found if package is not None), "")
