"""Which conda, mamba or pixi is here, is the examined environment one of theirs, and what would its solver see?"""

import re

import msgspec

from kdoctor.host import Host, exists, is_directory, names_in
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.conda import Conda, CondaInstallation, CondaPackage
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.system import System

ROOTS = (
    "{home}/miniconda3", "{home}/anaconda3", "{home}/miniforge3", "{home}/mambaforge", "{home}/micromamba",
    "{home}/.local/share/mamba", "{home}/.pixi", "/opt/conda", "/opt/miniconda3", "/opt/anaconda3", "/opt/miniforge3",
    "/usr/local/miniconda3", "/usr/local/anaconda3",
)  # fmt: skip
_RECORD = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json$")
_MATTERS = re.compile(
    r"^(tensorflow|_tflow|keras|tf-keras|jax|pytorch|libtorch|cuda|libcu|libnv|cudnn|nccl|numpy$|python$|protobuf$|h5py$)"
)


class Record(msgspec.Struct, frozen=True):
    """What is read of a conda-meta record."""

    channel: str = ""


def probe(
    host: Host, interpreter: Interpreter | Absent, environ: Environ, system: System, libcuda: Libcuda | Absent | Unknown
) -> Conda | Absent:
    """Look at the usual roots and variables, and at conda-meta of the examined prefix."""
    variables = environ.variables
    installations = find_installations(host, variables)
    active = variables.get("CONDA_PREFIX", "")
    prefix = ""
    if isinstance(interpreter, Interpreter):
        prefixes = (interpreter.prefix, interpreter.base_prefix)
        prefix = next((path for path in prefixes if is_directory(host, f"{path}/conda-meta")), "")
    if not (installations or active or prefix):
        return Absent(looked=("$CONDA_PREFIX", "$CONDA_EXE", "$MAMBA_EXE", *ROOTS))
    names = [name for name in names_in(host, f"{prefix}/conda-meta") if name.endswith(".json")] if prefix else []
    packages = tuple(package for name in names if (package := _package(host, prefix, name)) is not None)
    return Conda(
        installations=installations,
        active_prefix=active,
        prefix=prefix,
        packages=packages,
        package_count=len(names),
        channels=tuple(sorted({package.channel for package in packages if package.channel})),
        virtual_packages=virtual_packages(variables, system, libcuda),
    )


def find_installations(host: Host, variables: dict[str, str]) -> tuple[CondaInstallation, ...]:
    """Installations named by variables, then those at the usual places."""
    found: dict[str, CondaInstallation] = {}
    for name in ("CONDA_EXE", "MAMBA_EXE"):
        program = variables.get(name, "")
        root = variables.get("MAMBA_ROOT_PREFIX", "") if program.endswith("micromamba") else ""
        root = root or re.sub(r"/(bin|condabin)/[^/]+$", "", program)
        if program and root not in found:
            found[root] = CondaInstallation(tool=tool_of(host, root, program), root=root)
    for pattern in ROOTS:
        root = pattern.format(home=host.user.home)
        if root not in found and (is_directory(host, f"{root}/conda-meta") or is_directory(host, f"{root}/envs")):
            found[root] = CondaInstallation(tool=tool_of(host, root, ""), root=root)
    return tuple(found.values())


def tool_of(host: Host, root: str, program: str) -> str:
    """Which member of the family an installation is."""
    if root.endswith(".pixi"):
        return "pixi"
    if program.endswith("micromamba") or not host.glob(f"{root}/conda-meta/conda-[0-9]*.json"):
        return "micromamba"
    if exists(host, f"{root}/condabin/mamba") or "forge" in root:
        return "miniforge"
    return "anaconda" if host.glob(f"{root}/conda-meta/anaconda-[0-9]*.json") else "miniconda"


def _package(host: Host, prefix: str, name: str) -> CondaPackage | None:
    match = _RECORD.match(name)
    if not match or not _MATTERS.match(match["name"]):
        return None
    data = host.read_bytes(f"{prefix}/conda-meta/{name}")
    try:
        channel = msgspec.json.decode(data, type=Record).channel if isinstance(data, bytes) else ""
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        channel = ""
    channel = re.sub(r"^https?://(?:conda\.anaconda\.org/|repo\.anaconda\.com/)?", "", channel)
    return CondaPackage(
        name=match["name"],
        version=match["version"],
        build=match["build"],
        channel=re.sub(r"/[^/]+-\d\d$|/noarch$", "", channel),
    )


def virtual_packages(variables: dict[str, str], system: System, libcuda: Libcuda | Absent | Unknown) -> dict[str, str]:
    """What conda's solver would take for given: an override wins, then the driver's CUDA version."""
    found = {}
    if system.glibc is not None:
        found["__glibc"] = str(system.glibc)
    if system.os == "linux":
        found["__linux"] = re.match(r"[\d.]*", system.kernel)[0].rstrip(".")  # type: ignore[index]  # always matches
    if "CONDA_OVERRIDE_CUDA" in variables:
        if variables["CONDA_OVERRIDE_CUDA"]:
            found["__cuda"] = variables["CONDA_OVERRIDE_CUDA"]
    elif isinstance(libcuda, Libcuda) and libcuda.cuda is not None:
        found["__cuda"] = str(libcuda.cuda)
    return found
