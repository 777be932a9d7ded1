"""Would XLA find ptxas and libdevice, which it needs to compile for a GPU at run time?

XLA's order (openxla/xla, cuda_root_path.cc and subprocess_compilation.cc): the directory of --xla_gpu_cuda_data_dir
or ./cuda_sdk_lib; for ptxas then $PATH; then the build's toolkit path, /usr/local/cuda, /opt/cuda, the nvidia wheels
beside the framework, its own directory cuda, the environment's prefix; for libdevice last the current directory.
"""

import re

from kdoctor.host import Host, is_file, text_of
from kdoctor.knowledge.tensorflow import limits
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.cuda_toolkits import CudaToolkits
from kdoctor.model.facts.cuda_tools import CudaTools
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.version import CudaVersion

LIBDEVICE = "nvvm/libdevice/libdevice.10.bc"
_FLAG = re.compile(r"--xla_gpu_cuda_data_dir=(\S+)")


def probe(
    host: Host,
    frameworks: Frameworks,
    interpreter: Interpreter,
    environ: Environ,
    cuda_toolkits: CudaToolkits | Absent,
) -> CudaTools | Absent:
    """Walk XLA's places for the active framework."""
    build = next((item for item in frameworks.builds if item.gpu == "cuda" and item.framework != "torch"), None)
    if build is None:
        return Absent(looked=("a CUDA build of TensorFlow or JAX",))
    first, then = xla_roots(host, build, environ.variables)
    roots = (*first, *then, *(((host.cwd, "the current directory"),) if host.cwd else ()))
    path, via = first_ptxas(host, (*first, *on_path(environ.variables), *then))
    device, device_via = next(
        ((f"{root}/{LIBDEVICE}", via) for root, via in roots if is_file(host, f"{root}/{LIBDEVICE}")), ("", "")
    )
    toolkits = cuda_toolkits.items if isinstance(cuda_toolkits, CudaToolkits) else ()
    others = (*(toolkit.libdevice for toolkit in toolkits), *in_prefix(host, interpreter))
    return CudaTools(
        ptxas=path,
        ptxas_via=via,
        ptxas_version=ptxas_version(host, path),
        ptxas_elsewhere=tuple(toolkit.ptxas for toolkit in toolkits if toolkit.ptxas and toolkit.ptxas != path),
        libdevice=device,
        libdevice_via=device_via,
        libdevice_elsewhere=tuple(other for other in others if other and other != device),
        looked=tuple(root for root, _ in roots),
    )


Places = tuple[tuple[str, str], ...]


def xla_roots(host: Host, build: Build, variables: dict[str, str]) -> tuple[Places, Places]:
    """The CUDA directories that XLA tries, each with why: those before $PATH, and those after it."""
    named = tuple((path, "XLA_FLAGS") for path in _FLAG.findall(variables.get("XLA_FLAGS", "")))
    first = named or (((f"{host.cwd}/cuda_sdk_lib", "the current directory"),) if host.cwd else ())
    site = build.directory.rpartition("/")[0]
    then = [(path, "XLA's built-in directory") for path in ("/usr/local/cuda", "/opt/cuda")]
    then += [(f"{site}/nvidia/{name}", "the nvidia wheels") for name in ("cuda_nvcc", "cu13")]
    then.append((f"{build.directory}/cuda", "the framework's own directory"))
    release = parse_release(build.version)
    if build.framework == "jax" or (release is not None and release >= limits().xla_looks_in_prefix):
        then.append((site.rsplit("/", 3)[0], "the environment's prefix"))
    return first, tuple(then)


def on_path(variables: dict[str, str]) -> Places:
    """The directories of $PATH that end in bin, without that, as their ptxas is to be looked for like the others."""
    entries = (entry.rstrip("/") for entry in variables.get("PATH", "").split(":"))
    return tuple((entry.removesuffix("/bin"), "$PATH") for entry in entries if entry.endswith("/bin"))


def first_ptxas(host: Host, roots: Places) -> tuple[str, str]:
    """The ptxas that XLA takes, and why there: the first that is not known to be too old."""
    for root, via in roots:
        path = f"{root}/bin/ptxas"
        if is_file(host, path):
            version = ptxas_version(host, path)
            if version is None or version >= limits().least_ptxas:
                return path, via
    return "", ""


def in_prefix(host: Host, interpreter: Interpreter) -> tuple[str, ...]:
    """Copies of libdevice in a conda environment, where XLA does not look by itself."""
    if interpreter.kind not in ("conda", "pixi"):
        return ()
    places = (LIBDEVICE, "lib/libdevice.10.bc", f"targets/x86_64-linux/{LIBDEVICE}")
    return tuple(f"{interpreter.prefix}/{place}" for place in places if is_file(host, f"{interpreter.prefix}/{place}"))


def ptxas_version(host: Host, path: str) -> CudaVersion | None:
    """The CUDA of a ptxas, from version.json of its toolkit or from the wheel's metadata; it is not run."""
    root = path.removesuffix("/bin/ptxas")
    match = re.search(r'"cuda_nvcc"\s*:\s*\{[^}]*"version"\s*:\s*"([\d.]+)"', text_of(host, f"{root}/version.json"))
    if match:
        return CudaVersion.parse(match[1])
    site = root.partition("/nvidia/")[0]
    for metadata in host.glob(f"{site}/nvidia_cuda_nvcc*.dist-info") if "/nvidia/" in root else ():
        match = re.search(r"-([\d.]+)\.dist-info$", metadata)
        if match:
            return CudaVersion.parse(match[1])
    return None
