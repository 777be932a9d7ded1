"""What is here beside what each framework needs of it: driver, GPU, CUDA libraries, cuDNN, Python, Keras, glibc.

Input: facts, and the tables of ``knowledge``. For a log: the versions that it states. What the tables do not know is
left out, and where the comparison cannot be made the row says so with ``unknown``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.knowledge import cuda, jax, keras, tensorflow, torch
from kdoctor.model.facts.base import Absent, Answered, Facts, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, LibrarySearch
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.libcuda import Libcuda
from kdoctor.model.facts.nvml import Nvml
from kdoctor.model.facts.symptoms import Symptoms
from kdoctor.model.facts.system import System
from kdoctor.model.version import CudaVersion, CudnnVersion, DriverRelease, PythonVersion
from kdoctor.rules.kd102_driver_too_old_for_cuda import is_too_old, release_of, supported_by
from kdoctor.rules.kd303_compute_capability_unsupported import unusable

State = Literal["fits", "fails", "unknown"]
MOST = 8


class Need(msgspec.Struct, frozen=True):
    """One thing, what of it is here, and what is needed."""

    what: str
    here: str
    needed: str
    state: State


def needs(facts: Facts) -> Iterator[tuple[str, list[Need]]]:
    """For each framework its name and its rows."""
    symptoms, frameworks = facts.sections.get("symptoms"), facts.sections.get("frameworks")
    if isinstance(symptoms, Symptoms):
        yield from _of_text(symptoms)
    if isinstance(frameworks, Frameworks):
        for build in frameworks.builds[:MOST]:
            rows = [*_of_cuda(build, facts), *_of_python(build, facts)]
            if rows:
                yield f"{build.title}{'' if build.active else ' (Keras does not use it)'}", rows


def _state(fits: bool | None) -> State:  # noqa: FBT001  a verdict is what this takes
    return "unknown" if fits is None else "fits" if fits else "fails"


def _of_cuda(build: Build, facts: Facts) -> Iterator[Need]:
    """What a build with a known CUDA needs of the machine."""
    if build.gpu != "cuda" or build.cuda is None:
        return
    libraries = facts.sections.get("cuda_libraries")
    search = libraries.get(build.framework) if isinstance(libraries, CudaLibraries) else None
    yield from _driver(build.cuda, facts)
    yield from _gpu(build, facts)
    if search is not None:
        yield from _runtime(build.cuda, search)
        yield from _cudnn(build, search)


def _section(facts: Facts, name: str) -> Answered:
    return facts.sections.get(name, Unknown(reason="not recorded"))


def _driver(wanted: CudaVersion, facts: Facts) -> Iterator[Need]:
    needed = cuda.minimum_driver(wanted)
    driver, nvml, libcuda = (_section(facts, name) for name in ("driver", "nvml", "libcuda"))
    some_driver = driver if isinstance(driver, (Driver, Absent)) else Unknown(reason="")
    some_nvml = nvml if isinstance(nvml, Nvml) else Unknown(reason="")
    release, _ = release_of(some_driver, some_nvml)
    supported = supported_by(libcuda if isinstance(libcuda, Libcuda) else Unknown(reason=""), some_nvml)
    if needed is None:
        return
    most = f", supports CUDA up to {supported}" if supported else ""
    here = f"{release}{most}" if release else "none" if isinstance(driver, Absent) else "unknown"
    known = release is not None or supported is not None
    fits = not is_too_old(wanted, needed, release, supported) if known else False if here == "none" else None
    yield Need("driver", here, f"{needed} or newer, for CUDA {wanted}", _state(fits))


def _gpu(build: Build, facts: Facts) -> Iterator[Need]:
    gpus = facts.sections.get("gpus")
    listed = gpus.nvidia if isinstance(gpus, Gpus) else ()
    known = list(dict.fromkeys(gpu.compute_capability for gpu in listed if gpu.compute_capability is not None))
    if not build.gpu_code or not known:
        return
    bad = [capability for capability in known if unusable(build, capability)]
    yield Need("compute capability", ", ".join(map(str, known)), f"code for {_short(build.gpu_code)}", _state(not bad))


def _short(targets: tuple[str, ...], most: int = 14) -> str:
    """Machine code in full, of PTX the newest, which every newer GPU can compile."""
    newest = [target for target in targets if target.startswith("ptx_")][-1:]
    named = [*(target for target in targets if not target.startswith("ptx_")), *newest]
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def _runtime(wanted: CudaVersion, search: LibrarySearch) -> Iterator[Need]:
    found = search.get("libcudart")
    if found is not None:
        here = f"{found.soname} {found.version}".strip() if found.state == "opens" else f"{found.soname} {found.state}"
        yield Need("CUDA runtime", here, f"{found.soname}, built with CUDA {wanted}", _state(found.state == "opens"))


def _cudnn(build: Build, search: LibrarySearch) -> Iterator[Need]:
    found, needed = search.get("libcudnn"), CudnnVersion.parse(build.cudnn)
    if found is None or needed is None:
        return
    text = f"{needed.short} or newer, below {needed.major + 1}" if len(needed.parts) > 1 else f"{needed}"
    if found.state != "opens":
        yield Need("cuDNN", f"{found.soname} {found.state}", text, "fails")
        return
    here = CudnnVersion.parse(found.version)
    exact = here is not None and len(here.parts) > 1
    # PyTorch loads the cuDNN of its own wheel, whatever it was built with (as rule KD206 has it).
    fits = None if here is None or not exact or build.framework == "torch" else _is_enough(here, needed)
    yield Need("cuDNN", str(here or found.soname), text, _state(fits))


def _is_enough(here: CudnnVersion, needed: CudnnVersion) -> bool:
    return here.major == needed.major and (len(needed.parts) == 1 or here.minor >= needed.minor)


def _of_python(build: Build, facts: Facts) -> Iterator[Need]:
    """What any build needs: Python, Keras, and for a wheel of TensorFlow glibc."""
    release = parse_release(build.version)
    interpreter, found, system = (facts.sections.get(name) for name in ("interpreter", "keras", "system"))
    if release is None:
        return
    if isinstance(interpreter, Interpreter) and interpreter.version is not None:
        yield from _python(build.framework, release, interpreter.version)
    if isinstance(found, Keras) and found.release is not None and build.active:
        yield from _keras(build.framework, release, found.release)
    row = tensorflow.wheel_of(build.version) if build.framework == "tensorflow" else None
    if row is not None and isinstance(system, System) and system.glibc is not None:
        fits = system.glibc >= row.min_glibc
        yield Need("glibc", str(system.glibc), f"{row.min_glibc} or newer", _state(fits))


def _python(framework: str, release: Version, here: PythonVersion) -> Iterator[Need]:
    """A Python without a wheel may still have a build of conda's: that is not known here."""
    if framework == "tensorflow":
        listed = sorted(tensorflow.wheel_pythons(release))
        if listed:
            fits = True if PythonVersion(here.short) in listed else None
            yield Need("Python", str(here), _span(listed), _state(fits))
        return
    row = jax.release_of(release) if framework == "jax" else torch.release_of(release)
    if row is not None:
        yield Need("Python", str(here), str(row.requires_python), _state(row.requires_python.contains(here.text)))


def _span(listed: list[PythonVersion]) -> str:
    return f"{listed[0]} to {listed[-1]}" if len(listed) > 1 else str(listed[0])


def _keras(framework: str, release: Version, here: Version) -> Iterator[Need]:
    if framework == "tensorflow":
        wanted = keras.pairing(release)
    else:
        least = keras.min_backend(here).get(framework)
        fits = None if least is None else release >= least
        if least is not None:
            yield Need(framework, str(release), f"{least} or newer, for Keras {here}", _state(fits))
        return
    if wanted is not None:
        # The nightly of a release, 3.12.0.dev2025..., belongs where the release does.
        yield Need("Keras", str(here), str(wanted), _state(_holds(wanted, here)))


def _holds(wanted: SpecifierSet, here: Version) -> bool:
    return wanted.contains(here.base_version, prereleases=True)


def _of_text(symptoms: Symptoms) -> Iterator[tuple[str, list[Need]]]:
    """Of the TensorFlow that a text names, against the other versions that it names."""
    stated: dict[str, list[str]] = {}
    for item in symptoms.stated:
        stated.setdefault(item.of, []).append(item.value)
    version = stated.get("tensorflow", [""])[0]
    row = tensorflow.wheel_of(version)
    if row is None:
        return
    rows = list(_stated(row, stated, parse_release(version) or row.version))
    if rows:
        yield f"TensorFlow {version}, as the text states", rows


def _stated(row: tensorflow.TensorflowRelease, stated: dict[str, list[str]], release: Version) -> Iterator[Need]:
    """A text that states several versions of one thing is not judged by them."""
    one = {of: values[0] for of, values in stated.items() if len(values) == 1}
    said = {of: " and ".join(values[:2]) for of, values in stated.items()}
    if "driver" in said:
        here = DriverRelease.parse(one.get("driver", ""))
        needed = f"{row.min_driver} or newer, for CUDA {row.cuda}"
        yield Need("driver", said["driver"], needed, _state(None if here is None else here >= row.min_driver))
    if "cuda" in said:
        toolkit = CudaVersion.parse(one.get("cuda", ""))
        ours, needs_ = (cuda.sonames(v).get("cudart") if v else None for v in (toolkit, row.cuda))
        yield Need("CUDA toolkit", said["cuda"], f"{needs_ or 'CUDA'}, built with CUDA {row.cuda}",
                   _state(None if ours is None else ours == needs_))  # fmt: skip
    if "cudnn" in said:
        library = CudnnVersion.parse(one.get("cudnn", ""))
        exact = library if library is not None and len(library.parts) > 1 else None
        needed = f"{row.cudnn.short} or newer, below {row.cudnn.major + 1}"
        yield Need("cuDNN", said["cudnn"], needed, _state(None if exact is None else _is_enough(exact, row.cudnn)))
    python = PythonVersion.parse(one.get("python", ""))
    if python is not None and len(python.parts) > 1:
        yield from _python("tensorflow", release, python)
