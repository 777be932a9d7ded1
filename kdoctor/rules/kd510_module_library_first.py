"""An environment module puts a library first that does not suit the framework.

What it means: `module load` (Lmod, Environment Modules, Spack) prepends its directory to LD_LIBRARY_PATH, and the
loader takes cuDNN or another CUDA library from there instead of the framework's own copy.

Why it matters: a cuDNN older than the one compiled in fails at the first convolution; a library that does not load
leaves the framework without GPUs. The same environment works where the module is not loaded.

What to do: unload the module, in the shell and in the job script. The wheels bring their own libraries.
"""

from kdoctor.advice import has_nvidia, quoted, shortened
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import CudnnVersion

VARIABLE = "LD_LIBRARY_PATH"


@rule(
    Declared(
        id="KD510",
        cause="conda-cuda-vs-system-cuda-conflict",
        layer="cuda-libraries",
        severity="error",
        since="0.1.0",
        sources=(
            Source("Lmod and Environment Modules: LOADEDMODULES; Spack and EasyBuild: names of prefixes", "2026-11-22"),
            Source("openxla/xla cuda_dnn.cc: same major, loaded minor >= compiled minor", "2026-11-21"),
        ),
        explains=("conda-cuda-vs-system-cuda-conflict", "cudnn-too-old", "library-damaged"),
    )
)
def module_library_first(
    environ: Environ,
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries | Absent | Unknown,
    gpus: Gpus | Absent | Unknown,
) -> Verdict:
    """A library that LD_LIBRARY_PATH led to, in the directory of a loaded module, that is broken or too old."""
    modules = [name for name in environ.variables.get("LOADEDMODULES", "").split(":") if name]
    if not modules:
        return NotApplicable("no environment module is loaded")
    if isinstance(cuda_libraries, Unknown):
        return Undetermined(cuda_libraries.reason)
    if isinstance(cuda_libraries, Absent):
        return NotApplicable("no framework with a CUDA build is installed")
    harmless = ""
    for build in frameworks.builds:
        search = cuda_libraries.get(build.framework)
        for item in search.libraries if search else ():
            owner = owner_of(item.path, modules) if VARIABLE in item.found_via else ""
            fault = fault_of(item, build) if owner else ""
            if fault:
                return _found(owner, item, build, fault, gpus)
            harmless = harmless or (f"{item.soname} of the module {owner} suits" if owner else "")
    return Clear(harmless or "no library is opened from the directory of a loaded module")


def owner_of(path: str, modules: list[str]) -> str:
    """The loaded module whose directory a library is in, "" if none; only a name with its version tells.

    >>> owner_of("/apps/cudnn/8.1.0/lib64/libcudnn.so.8", ["gcc/12.2", "cudnn/8.1.0"])
    'cudnn/8.1.0'
    >>> owner_of("/usr/local/cuda-11.2/lib64/libcudart.so.11.0", ["cuda/11.2"])
    'cuda/11.2'
    >>> owner_of("/spack/opt/cuda-11.7.0-abcdef/lib64/libcublas.so.11", ["cuda-11.7.0-gcc-11.3.0-abcdef"])
    'cuda-11.7.0-gcc-11.3.0-abcdef'
    """
    low = path.lower()
    for module in modules:
        name, slash, version = module.lower().rpartition("/")
        name = name.rpartition("/")[2]
        if not slash:
            name, _, version = module.lower().partition("-")
            version = version.partition("-")[0]
        marks = (f"/{name}/{version}/", f"/{name}-{version}/", f"/{name}-{version}-")
        if name and version[:1].isdigit() and any(mark in low for mark in marks):
            return module
    return ""


def fault_of(item: Library, build: Build) -> str:
    """Why the library does not suit the build, "" if it does or if that is not known."""
    if item.state == "broken":
        return f"it does not load: {item.why_not}"
    opened, needed = CudnnVersion.parse(item.version), CudnnVersion.parse(build.cudnn)
    told = item.soname.startswith("libcudnn.") and opened and needed and min(len(opened.parts), len(needed.parts)) > 1
    if item.state != "opens" or not (told and opened and needed) or build.framework == "torch":
        return ""
    older = opened.major == needed.major and opened.minor < needed.minor
    return f"cuDNN {opened} is older than {needed.short}, which was compiled in" if older else ""


def _found(module: str, item: Library, build: Build, fault: str, gpus: Gpus | Absent | Unknown) -> Found:
    return Found(
        what=f"The module {shortened(module, 40)} puts {item.soname} first, which does not suit.",
        why=f"{build.title} opens {item.path}: {fault}.",
        remedy=Remedy(
            text="Unload the module, in the shell and in job scripts, or load one that suits this framework.",
            commands=(f"module unload {quoted(module)}",),
        ),
        evidence=(
            Evidence("module", module, "LOADEDMODULES"),
            Evidence("found first", f"{item.version or '?'} {item.path}", item.found_via),
            *(
                Evidence("hidden by it", f"{copy.version} {copy.path}", copy.source)
                for copy in item.copies
                if copy.realpath != item.realpath
            ),
        ),
        severity=None if has_nvidia(gpus) and build.active else "warning",
    )
