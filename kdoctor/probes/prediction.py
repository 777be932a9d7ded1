"""What will each framework say about GPUs? Derived from the other facts, so that it can be compared with the truth."""

from typing import NamedTuple

from kdoctor.host import Host
from kdoctor.knowledge.tensorflow import limits
from kdoctor.model.facts.base import Absent, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.driver_search import DriverSearch
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.libcuda import CudaDevice, Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.prediction import Expected, Prediction
from kdoctor.model.version import ComputeCapability

CUT_OFF = "where its last segment ends"  # as kdoctor.host.elf_file words it
LEAST_MULTIPROCESSORS = 8  # fewer are left out where another GPU has more (TensorFlow, gpu_device.cc; measured)


class Guess(NamedTuple):
    """How many GPUs a framework will list, None where that cannot be told, and why."""

    gpus: int | None
    because: str


def probe(
    host: Host,  # noqa: ARG001  every probe takes the host
    frameworks: Frameworks,
    cuda_libraries: CudaLibraries | Absent | Unknown,
    driver_search: DriverSearch | Unknown,
    libcuda: Libcuda | Absent | Unknown,
    nvml: Nvml | Absent | Unknown,
) -> Prediction:
    """One expectation per framework; where a fact is missing, none."""
    rows = []
    for build in frameworks.builds:
        guess = (
            by_build(build)
            or by_libcuda(libcuda)
            or by_nvml(build, driver_search, nvml)
            or by_libraries(build, cuda_libraries)
            or by_devices(build, libcuda.devices if isinstance(libcuda, Libcuda) else ())
        )
        rows.append(Expected(framework=build.framework, gpus=guess.gpus, because=guess.because))
    return Prediction(items=tuple(rows))


def by_build(build: Build) -> Guess | None:
    """Nothing else counts where the build has no CUDA in it."""
    if build.gpu == "cuda":
        return None
    if build.gpu == "none":
        return Guess(0, f"{build.title} is a CPU build")
    return Guess(None, f"its build is {build.gpu}")


def by_libcuda(libcuda: Libcuda | Absent | Unknown) -> Guess | None:
    """The driver library has to open and to initialise."""
    if isinstance(libcuda, Absent):
        return Guess(0, "libcuda.so.1 is not found")
    if isinstance(libcuda, Unknown):
        return Guess(None, libcuda.reason)
    if libcuda.load_error:
        return Guess(0, libcuda.load_error)
    if libcuda.init_code:
        return Guess(0, f"cuInit returns {libcuda.init_code} {libcuda.init_error}".rstrip())
    return None


def by_nvml(build: Build, search: DriverSearch | Unknown, nvml: Nvml | Absent | Unknown) -> Guess | None:
    """NVML has to as well, for TensorFlow from a certain release on."""
    release = parse_release(build.version)
    if build.framework != "tensorflow" or release is None or release < limits().needs_nvml:
        return None
    if isinstance(nvml, Absent) or (isinstance(search, DriverSearch) and search.nvml.state == "missing"):
        return Guess(0, "libnvidia-ml.so.1 is not found")
    if isinstance(nvml, Unknown):
        return Guess(None, nvml.reason)
    return Guess(0, f"nvmlInit returns {nvml.error_code} {nvml.error}".rstrip()) if nvml.error_code else None


def by_libraries(build: Build, found: CudaLibraries | Absent | Unknown) -> Guess | None:
    """One library that does not open suffices for every GPU to be skipped."""
    if isinstance(found, Unknown):
        return Guess(None, found.reason)
    search = found.get(build.framework) if isinstance(found, CudaLibraries) else None
    if search is None:
        return Guess(None, "its libraries could not be followed")
    failing = [library for library in search.libraries if library.state != "opens" and library.required]
    # The loader maps such a file, and the process dies where it reads what is not there, if it does.
    cut_off = next((library for library in failing if CUT_OFF in library.why_not), None)
    if cut_off:
        return Guess(None, f"opening {cut_off.soname} may end the process: {cut_off.why_not}")
    return Guess(0, f"{failing[0].soname} does not open") if failing else None


def by_devices(build: Build, devices: tuple[CudaDevice, ...]) -> Guess:
    """All that CUDA lists, but for those that TensorFlow leaves out: old ones, and small ones beside a larger one."""
    if not devices:
        return Guess(0, "the driver lists no device")
    if build.framework != "tensorflow":
        return Guess(len(devices), "the driver answers and every library opens")
    if any(not device.name or device.compute_capability in (None, ComputeCapability("0.0")) for device in devices):
        return Guess(None, "a device does not answer what it is")
    listed = sum(is_listed(device, devices) for device in devices)
    if listed < len(devices):
        return Guess(listed, "TensorFlow leaves out GPUs that are too old, or small beside a larger one")
    return Guess(listed, "the driver answers and every library opens")


def is_listed(device: CudaDevice, devices: tuple[CudaDevice, ...]) -> bool:
    """TensorFlow's own two conditions (gpu_device.cc): compute capability, and multiprocessors beside the largest."""
    counts = [other.multiprocessors or 0 for other in devices]
    enough = not all(counts) or (device.multiprocessors or 0) >= min(LEAST_MULTIPROCESSORS, max(counts))
    return enough and device.compute_capability is not None and device.compute_capability >= limits().least_listed
