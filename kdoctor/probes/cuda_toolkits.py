"""Which CUDA toolkits are on the machine, wherever they came from?"""

import re

import msgspec

from kdoctor.host import Host, exists, is_file, names_in, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cuda_toolkits import CudaToolkit, CudaToolkits, ToolkitSource
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.version import CudaVersion

Place = tuple[str, ToolkitSource, str]
PLACES: tuple[tuple[str, ToolkitSource], ...] = (
    ("/usr/local/cuda", "system"),
    ("/usr/local/cuda-*", "system"),
    ("/opt/cuda", "system"),
    ("/opt/cuda-*", "system"),
    ("/usr/lib/cuda", "distribution"),
    ("/opt/nvidia/hpc_sdk/Linux_x86_64/*/cuda/*", "system"),
)
VARIABLES = ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDADIR")
_TEXT = re.compile(r"CUDA Version (\d+\.\d+(?:\.\d+)?)")
_MACRO = re.compile(r"#define\s+CUDA_VERSION\s+(\d+)")
_FROM_NAME = re.compile(r"cuda-(\d+\.\d+)$")
_FROM_LIBRARY = re.compile(r"libcudart\.so\.(\d+\.\d+)(?:\.\d+)?$")
_LIBRARY_FOLDER = re.compile(r"/(lib64|lib|targets/[^/]+/lib)/?$")


class _Part(msgspec.Struct, frozen=True):
    version: str = ""


class VersionJson(msgspec.Struct, frozen=True):
    """What is read of a toolkit's version.json."""

    cuda: _Part = _Part()
    cuda_nvcc: _Part = _Part()


def probe(host: Host, environ: Environ, interpreter: Interpreter | Absent) -> CudaToolkits | Absent:
    """Look at the variables that name one, at nvcc on PATH, at the usual places, and into the environment."""
    places = [*by_variables(environ.variables), *by_path(host, environ.variables)]
    for pattern, source in PLACES:
        places += [(path, source, path) for path in host.glob(pattern)]
    if isinstance(interpreter, Interpreter) and interpreter.kind in ("conda", "pixi"):
        places.append((interpreter.prefix, "conda", "the examined environment"))
    items: dict[str, CudaToolkit] = {}
    for path, source, via in places:
        real = host.resolve(path)
        if isinstance(real, str) and real not in items:
            toolkit = examine(host, path, real, source, via)
            if toolkit is not None:
                items[real] = toolkit
    if not items:
        looked = (*(pattern for pattern, _ in PLACES), *(f"${name}" for name in VARIABLES), "nvcc on $PATH")
        return Absent(looked=looked)
    return CudaToolkits(items=tuple(items.values()))


def by_variables(variables: dict[str, str]) -> list[Place]:
    """Directories that a variable names, and those whose library folder is in LD_LIBRARY_PATH."""
    named: list[Place] = [
        (variables[name].rstrip("/"), "variable", f"${name}") for name in VARIABLES if variables.get(name)
    ]
    listed = [entry for entry in variables.get("LD_LIBRARY_PATH", "").split(":") if _LIBRARY_FOLDER.search(entry)]
    return named + [(_LIBRARY_FOLDER.sub("", entry), "variable", "$LD_LIBRARY_PATH") for entry in listed]


def by_path(host: Host, variables: dict[str, str]) -> list[Place]:
    """The directories of every nvcc on PATH that is the program itself."""
    places: list[Place] = []
    for directory in variables.get("PATH", "").split(":"):
        nvcc = host.resolve(f"{directory}/nvcc") if directory else ""
        if isinstance(nvcc, str) and nvcc.endswith("/bin/nvcc") and host.read_bytes(nvcc, limit=2) != b"#!":
            source: ToolkitSource = "distribution" if nvcc == "/usr/bin/nvcc" else "system"
            places.append((nvcc.removesuffix("/bin/nvcc"), source, f"nvcc in {directory} on $PATH"))
    return places


def examine(host: Host, path: str, real: str, source: ToolkitSource, via: str) -> CudaToolkit | None:
    """The toolkit in a directory, None where there is none."""
    named = [
        name
        for folder in ("lib64", "lib", "targets/x86_64-linux/lib", "lib/x86_64-linux-gnu")
        for name in names_in(host, f"{real}/{folder}")
        if name.startswith("libcudart.so.")
    ]
    libraries = [name for name in named if re.match(r"libcudart\.so\.\d+(\.\d)?$", name)]
    tools = {name: f"{real}/bin/{name}" for name in ("nvcc", "ptxas") if is_file(host, f"{real}/bin/{name}")}
    version = version_of(host, real) or version_in_names(named)
    if not libraries and not tools and version is None:
        return None
    libdevice = f"{real}/nvvm/libdevice/libdevice.10.bc"
    return CudaToolkit(
        path=path,
        realpath=real,
        version=version,
        source=source,
        found_via=via,
        nvcc=tools.get("nvcc", ""),
        ptxas=tools.get("ptxas", ""),
        libdevice=libdevice if exists(host, libdevice) else "",
        cudart=tuple(dict.fromkeys(libraries)),
    )


def version_in_names(names: list[str]) -> CudaVersion | None:
    """The version by the longest file name of the runtime library, which conda's packages have and no other sign.

    >>> version_in_names(["libcudart.so.11.0", "libcudart.so.11.8.89"])
    CudaVersion('11.8')
    """
    longest = max(names, key=len, default="")
    match = _FROM_LIBRARY.search(longest)
    return CudaVersion.parse(match[1]) if match else None


def version_of(host: Host, root: str) -> CudaVersion | None:
    """The toolkit's version from version.json (11.1+), version.txt (to 11.0), cuda.h, or the directory's name."""
    data = host.read_bytes(f"{root}/version.json")
    if isinstance(data, bytes):
        try:
            parts = msgspec.json.decode(data, type=VersionJson)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            parts = VersionJson()
        found = CudaVersion.parse(parts.cuda.version) or CudaVersion.parse(parts.cuda_nvcc.version)
        if found:
            return found
    match = _TEXT.search(text_of(host, f"{root}/version.txt"))
    if match:
        return CudaVersion.parse(match[1])
    for header in ("include/cuda.h", "targets/x86_64-linux/include/cuda.h"):
        match = _MACRO.search(text_of(host, f"{root}/{header}"))
        if match:
            return CudaVersion.from_number(int(match[1]))
    match = _FROM_NAME.search(root)
    return CudaVersion.parse(match[1]) if match else None
