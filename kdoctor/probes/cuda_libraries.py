"""For each framework: which CUDA libraries would it open, from where, and which would it miss?

The loader is followed on files (``kdoctor.loader``); nothing is opened. TensorFlow opens its libraries by name from
libtensorflow_framework.so.2, whose search path counts; JAX first loads those of the nvidia wheels by path; PyTorch
has them as needed libraries of libtorch_cuda.so.
"""

import re
from collections.abc import Iterator

import msgspec

from kdoctor.host import Host, exists, names_in, text_of
from kdoctor.knowledge import cuda
from kdoctor.knowledge.tensorflow import gpu_libraries
from kdoctor.knowledge.torch import preloads_nvjitlink
from kdoctor.loader.places import library_directories
from kdoctor.loader.search import Loader
from kdoctor.loader.verdict import library_of, source_of, version_in_name
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy, LibrarySearch
from kdoctor.model.facts.cuda_toolkits import CudaToolkits
from kdoctor.model.facts.distributions import Distributions, parse_release
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.version import Soname

LINKED = {"libcusparse": "libnvJitLink"}
"""Of which opened libraries a needed one is recorded too."""
CALLERS = ("libtensorflow_framework.so.2", "libtensorflow_framework.so.1", "libtensorflow_framework.so")


def probe(
    host: Host,
    frameworks: Frameworks,
    interpreter: Interpreter,
    distributions: Distributions,
    environ: Environ,
    cuda_toolkits: CudaToolkits | Absent,
) -> CudaLibraries | Absent | Unknown:
    """One search per framework with a CUDA build."""
    if host.platform.os != "linux":
        return Unknown(reason=f"the loader of {host.platform.os} is not followed")
    places = Places(host, interpreter, distributions, cuda_toolkits, environ)
    searches = []
    for build in frameworks.builds:
        if build.gpu == "cuda" and build.directory:
            loader = Loader(host, interpreter.realpath or None, environ.variables)
            search = SEARCHES[build.framework](host, build, loader, places)
            if search is not None:
                linked = tuple(linked_libraries(host, search, loader, places))
                searches.append(msgspec.structs.replace(search, linked=linked))
    if not searches:
        return Absent(looked=tuple(f"{build.title}: {build.gpu} build" for build in frameworks.builds))
    wanted_names = {item.soname for search in searches for item in search.libraries}
    others = tuple(
        copy
        for major in (9, 8, 7)
        if (name := f"libcudnn.so.{major}") not in wanted_names
        for copy in places.copies(name)
    )
    return CudaLibraries(searches=tuple(searches), other_cudnn=others)


class Places:
    """Every directory on the machine that may hold a CUDA library, for the copies outside the search order."""

    def __init__(
        self,
        host: Host,
        interpreter: Interpreter,
        distributions: Distributions,
        toolkits: CudaToolkits | Absent,
        environ: Environ,
    ) -> None:
        """List each directory once."""
        self.host = host
        self.distributions = distributions
        roots = [toolkit.realpath for toolkit in toolkits.items] if isinstance(toolkits, CudaToolkits) else []
        folders = [f"{root}/{name}" for root in roots for name in ("lib64", "targets/x86_64-linux/lib", "lib")]
        folders += [path for site in interpreter.sys_path for path in host.glob(f"{site}/nvidia/*/lib")]
        if interpreter.kind in ("conda", "pixi"):
            folders.append(f"{interpreter.prefix}/lib")
        folders += [entry for entry in re.split("[:;]", environ.variables.get("LD_LIBRARY_PATH", "")) if entry]
        self.names: dict[str, frozenset[str]] = {}
        for folder in (*folders, *library_directories(host)):
            real = host.resolve(folder)
            if isinstance(real, str) and real not in self.names:
                self.names[real] = frozenset(
                    name for name in names_in(host, real) if name.startswith(("libcu", "libnv"))
                )
        self.prefix = interpreter.prefix if interpreter.kind in ("conda", "pixi") else ""

    def copies(self, soname: str) -> tuple[LibraryCopy, ...]:
        """Every file of that soname, once per real file."""
        found: dict[str, LibraryCopy] = {}
        for folder, names in self.names.items():
            if soname in names:
                path = f"{folder}/{soname}"
                real = self.host.resolve(path)
                if isinstance(real, str) and real not in found:
                    found[real] = self._copy(path, real, soname)
        return tuple(found.values())

    def _copy(self, path: str, real: str, soname: str) -> LibraryCopy:
        source = source_of(real)
        if source != "pip" and self.prefix and real.startswith(f"{self.prefix}/"):
            source = "conda"
        version = (self._pip_version(soname) if source == "pip" else "") or version_in_name(real)
        return LibraryCopy(path=path, realpath=real, version=version or self._header_version(real), source=source)

    def _pip_version(self, soname: str) -> str:
        parsed = Soname.parse(soname)
        component = cuda.component_of(parsed) if parsed else None
        if component is None:
            return ""
        for name in dict.fromkeys(cuda.pip_package(component, major) or "" for major in (13, 12, 11)):
            found = self.distributions.get(name) if name else None
            if found:
                return found.version
        return ""

    def _header_version(self, real: str) -> str:
        """cuDNN's version from the header beside it."""
        if "libcudnn" not in real:
            return ""
        root = re.sub(r"/(lib64|lib|targets/[^/]+/lib)(/[^/]+-linux-gnu)?/[^/]*$", "", real)
        for header in ("include/cudnn_version.h", "include/x86_64-linux-gnu/cudnn_version.h", "include/cudnn.h"):
            text = self.host.read_text(f"{root}/{header}")
            if isinstance(text, str):
                numbers = dict(re.findall(r"#define CUDNN_(MAJOR|MINOR|PATCHLEVEL)\s+(\d+)", text))
                if len(numbers) == 3:  # noqa: PLR2004  all three macros
                    return f"{numbers['MAJOR']}.{numbers['MINOR']}.{numbers['PATCHLEVEL']}"
        return ""


def wanted(build: Build) -> tuple[str, ...]:
    """The sonames that a build opens by name, by its CUDA and cuDNN, in TensorFlow's order."""
    if build.cuda is None:
        return ()
    by_component = cuda.sonames(build.cuda)
    names = []
    for component in gpu_libraries():
        if component == "cudnn":
            names.append(f"libcudnn.so.{build.cudnn.partition('.')[0]}" if build.cudnn else "")
        else:
            names.append(str(by_component.get(component, "")))
    return tuple(name for name in names if name)


def needed_cuda(host: Host, path: str) -> tuple[str, ...]:
    """CUDA libraries that a file needs directly, as conda's builds and PyTorch have them."""
    needed = getattr(host.elf(path), "needed", ())
    parsed = (Soname.parse(name) for name in needed)
    return tuple(str(name) for name in parsed if name is not None and cuda.component_of(name) is not None)


def tensorflow_search(host: Host, build: Build, loader: Loader, places: Places) -> LibrarySearch | None:
    """What TensorFlow opens, or, where they are linked in, what it needs."""
    caller = next((f"{build.directory}/{name}" for name in CALLERS if exists(host, f"{build.directory}/{name}")), "")
    if not caller:
        return None
    linked = needed_cuda(host, caller) or needed_cuda(host, f"{build.directory}/libtensorflow_cc.so.2")
    names = tuple(dict.fromkeys((*linked, *wanted(build))))
    return LibrarySearch(framework="tensorflow", caller=caller, libraries=_open(names, caller, loader, places))


def jax_search(host: Host, build: Build, loader: Loader, places: Places) -> LibrarySearch | None:
    """What the CUDA plug-in opens, after JAX has loaded the wheels' copies by path."""
    caller = f"{build.facts_from}/xla_cuda_plugin.so"
    if not build.facts_from or not exists(host, caller):
        return None
    site = build.facts_from.rpartition("/jax_plugins/")[0]
    names = wanted(build)
    major = build.cuda.major if build.cuda else 12
    if "libnvJitLink.so" in text_of(host, f"{build.facts_from}/__init__.py"):
        preload_nvjitlink(host, site, major, loader)
    for name in names:
        soname = Soname.parse(name)
        component = cuda.component_of(soname) if soname else None
        folder = cuda.pip_directory(component, major) if component else None
        if folder and exists(host, f"{site}/{folder}/{name}"):
            loader.preload(f"{site}/{folder}/{name}")
    return LibrarySearch(framework="jax", caller=caller, libraries=_open(names, caller, loader, places))


def torch_search(host: Host, build: Build, loader: Loader, places: Places) -> LibrarySearch | None:
    """What libtorch_cuda.so needs."""
    caller = f"{build.directory}/lib/libtorch_cuda.so"
    if not exists(host, caller):
        return None
    names = needed_cuda(host, caller)
    release = parse_release(build.version)
    if release is not None and build.cuda is not None and preloads_nvjitlink(release):
        preload_nvjitlink(host, build.directory.rpartition("/")[0], build.cuda.major, loader)
    return LibrarySearch(framework="torch", caller=caller, libraries=_open(names, caller, loader, places))


def preload_nvjitlink(host: Host, site: str, major: int, loader: Loader) -> None:
    """The libnvJitLink of the wheels, which a framework loads by path before anything needs it."""
    for path in host.glob(f"{site}/{cuda.pip_directory('nvjitlink', major)}/libnvJitLink.so.*")[:1]:
        loader.preload(path)


def linked_libraries(host: Host, search: LibrarySearch, loader: Loader, places: Places) -> Iterator[Library]:
    """The needed libraries of LINKED: opening the one that needs them has loaded them too."""
    for item in search.libraries:
        stem = LINKED.get(item.soname.partition(".so")[0], "")
        needed = getattr(host.elf(item.realpath), "needed", ()) if stem and item.state == "opens" else ()
        for name in needed:
            if name.startswith(f"{stem}.so"):
                yield library_of(loader.open(name, item.realpath), places.copies(name), required=False)


def _open(names: tuple[str, ...], caller: str, loader: Loader, places: Places) -> tuple[Library, ...]:
    return tuple(library_of(loader.open(name, caller), places.copies(name)) for name in names)


SEARCHES = {"tensorflow": tensorflow_search, "jax": jax_search, "torch": torch_search}
