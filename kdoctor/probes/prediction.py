"""What will each framework say about GPUs? Derived from the other facts, so that it can be compared with the truth."""

from __future__ import annotations

from packaging.version import Version

from kdoctor.host import Host
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.prediction import Expected, Prediction
from kdoctor.model.version import ComputeCapability

LEAST_LISTED = ComputeCapability("3.5")  # measured: TensorFlow lists such a GPU even where it has no code for it
NEEDS_NVML = Version("2.21")  # measured: from here TensorFlow lists no GPU without libnvidia-ml.so.1


def probe(
    host: Host,  # noqa: ARG001  every probe takes the host
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries | Absent | Unknown,
    driver_search: DriverSearch | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> Prediction:
    """One expectation per framework; where a fact is missing, none."""
    rows = []
    for build in frameworks.builds:
        gpus, because = expect(build, cuda_libraries, driver_search, libcuda)
        rows.append(Expected(framework=build.framework, gpus=gpus, because=because))
    return Prediction(items=tuple(rows))


def expect(
    build: Build,
    cuda_libraries: CudaLibraries | Absent | Unknown,
    driver_search: DriverSearch | Unknown,
    libcuda: Libcuda | Absent | Unknown,
) -> tuple[int | None, str]:
    """The number of GPUs that a framework will list, None where that cannot be told, and the reason."""
    if build.gpu != "cuda":
        return (0, f"{build.title} is a CPU build") if build.gpu == "none" else (None, f"its build is {build.gpu}")
    if isinstance(libcuda, Absent):
        return 0, "libcuda.so.1 is not found"
    if isinstance(libcuda, Unknown):
        return None, libcuda.reason
    if libcuda.load_error:
        return 0, libcuda.load_error
    if libcuda.init_code:
        return 0, f"cuInit returns {libcuda.init_code} {libcuda.init_error}".rstrip()
    release = parse_release(build.version)
    if build.framework == "tensorflow" and release and release >= NEEDS_NVML and _nvml_missing(driver_search):
        return 0, "libnvidia-ml.so.1 is not found"
    if isinstance(cuda_libraries, Unknown):
        return None, cuda_libraries.reason
    search = cuda_libraries.get(build.framework) if isinstance(cuda_libraries, CudaLibraries) else None
    if search is None:
        return None, "its libraries could not be followed"
    failing = [library.soname for library in search.libraries if library.state != "opens" and library.required]
    if failing:
        return 0, f"{failing[0]} does not open"
    listed = [device for device in libcuda.devices if _is_listed(build, device.compute_capability)]
    if len(listed) < len(libcuda.devices):
        return len(listed), f"TensorFlow leaves out GPUs below compute capability {LEAST_LISTED}"
    return len(listed), "the driver answers and every library opens"


def _nvml_missing(search: DriverSearch | Unknown) -> bool:
    return isinstance(search, DriverSearch) and search.nvml.state != "opens"


def _is_listed(build: Build, capability: ComputeCapability | None) -> bool:
    return build.framework != "tensorflow" or capability is None or capability >= LEAST_LISTED
