"""JAX, PyTorch and Keras in a file, and what concerns any framework: pins, packages that overlap, settings, musl."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kdoctor.check.written.chosen import (
    NOTHING,
    GpuBuild,
    Judged,
    Said,
    allowed,
    jax_for,
    python_seen,
    runs_on,
    seen,
    tensorflow_for,
    torch_for,
)
from kdoctor.check.written.tensorflow import is_tensorflow
from kdoctor.knowledge import cuda, images, jax, keras, tensorflow, torch
from kdoctor.model.facts.written import Asked, WrittenFile
from kdoctor.model.finding import Evidence, Remedy
from kdoctor.model.version import CudaVersion, PythonVersion

PINS = {
    "numpy": "numpy-abi",
    "protobuf": "protobuf-mismatch",
    "h5py": "h5py-mismatch",
    "keras": "keras-tf-mismatch",
}
BACKENDS = ("tensorflow", "tensorflow-gpu", "tensorflow-cpu", "jax", "torch", "pytorch", "openvino", "tf-nightly")
_INDEX = re.compile(r"/(?:cu(?P<cuda>\d{2,3})|(?P<cpu>cpu))/?\Z")
HIDING = {"CUDA_VISIBLE_DEVICES": ("-1", "", "none", "NoDevFiles"), "NVIDIA_VISIBLE_DEVICES": ("void", "none", "")}


def judge_torch(file: WrittenFile) -> Judged:
    """A CPU build by name or by index; else the CUDA of its wheel."""
    asked = file.get("torch", "pytorch", "pytorch-cpu")
    if asked is None:
        return NOTHING
    cpu_only = file.get("cpuonly", "pytorch-cpu")
    index = _INDEX.search(asked.index)
    if cpu_only is not None or "+cpu" in asked.spec or "cpu" in asked.build or (index and index["cpu"]):
        return Judged(said=(_cpu_torch(cpu_only or asked),))
    if asked.manager == "conda":
        return Judged(unknown=f"which build conda takes for `{asked.text}` is not foretold")
    python, shown, where = python_seen(file)
    row = torch_for(asked, python)
    if row is None:
        known = any(patch in allowed(asked.spec) for each in torch.releases() for patch in each.patches)
        if not known or python is None:
            return Judged(unknown=f"the tables have no release for `{asked.text}`")
        return Judged(said=(_no_wheel("PyTorch", asked, shown, where),))
    digits = index["cuda"] if index else ""
    version = CudaVersion(f"{digits[:-1]}.{digits[-1]}") if digits else row.cuda
    driver = cuda.minimum_driver(version) if digits else row.min_driver
    return Judged(build=GpuBuild(title=f"PyTorch {row.version}", cuda=version, driver=driver))


def _cpu_torch(asked: Asked) -> Said:
    return Said(
        rule="cpu-only-build-installed",
        what=f"`{asked.text}` is PyTorch for the CPU: it uses no GPU."[:100],
        why="Its version, its index or a package beside it asks for the build without CUDA.",
        remedy=Remedy(text="Ask for `torch` of the package index, or of an index that ends in `/whl/cuNNN`."),
        evidence=(seen(asked), *((Evidence("index", asked.index, asked.where),) if asked.index else ())),
    )


def _no_wheel(title: str, asked: Asked, shown: str, where: str) -> Said:
    return Said(
        rule="python-unsupported",
        what=f"No {title} that `{asked.text}` allows has a wheel for Python {shown}."[:100],
        why="pip then finds no matching distribution.",
        remedy=Remedy(text=f"Ask for a Python that has wheels, or for another {title}."),
        evidence=(seen(asked), Evidence("python", shown, where)),
    )


def judge_jax(file: WrittenFile) -> Judged:
    """Without an extra or a plug-in for CUDA it is a CPU build."""
    asked = next((item for item in file.packages if item.name == "jax" and item.manager == "pip"), None)
    if asked is None:
        return NOTHING
    row = jax_for(asked)
    if row is None:
        return Judged(unknown=f"the tables have no release for `{asked.text}`")
    extras = " ".join(asked.extras) + " ".join(item.name for item in file.packages if item.name.startswith("jax-cuda"))
    if "cuda" not in extras:
        said = Said(
            rule="cpu-only-build-installed",
            what=f"`{asked.text}` alone is JAX for the CPU: it uses no GPU."[:100],
            why="JAX uses CUDA by a plug-in that an extra brings.",
            remedy=Remedy(text=f"Ask for `jax[{'cuda12' if row.cuda12 else 'cuda13'}]=={row.version}`."),
            evidence=(seen(asked),),
            severity="note" if file.kind == "project" else "warning",
        )
        return Judged(said=(said,))
    python, shown, where = python_seen(file)
    if python is not None and not any(runs_on(one, row.requires_python) and runs_on(one, python) for one in pythons()):
        return Judged(said=(_no_wheel("JAX", asked, shown, where),))
    with_13 = "cuda13" in extras and row.min_driver13 is not None
    build = GpuBuild(
        title=f"JAX {row.version}",
        cuda=row.build_cuda13 if with_13 else row.build_cuda12,
        driver=row.min_driver13 if with_13 else row.min_driver12,
    )
    return Judged(build=build)


def pythons() -> tuple[PythonVersion, ...]:
    """Every Python that some wheel of the tables is for."""
    tags = {tag for row in torch.releases() for tag in row.python_wheels}
    tags |= {tag for row in jax.releases() for tag in row.plugin_python_wheels}
    found = {PythonVersion(f"{tag[2]}.{tag[3:]}") for tag in tags if tag[2:].isdigit()}
    found |= {each for row in tensorflow.releases() for each in tensorflow.wheel_pythons(row.patches[-1])}
    return tuple(sorted(found))


def of_any(file: WrittenFile) -> Iterator[Said]:
    """What concerns the file as a whole, in no order."""
    yield from _pins(file)
    yield from _overlap(file)
    yield from _no_backend(file)
    yield from _hidden(file)
    yield from _musl(file)


def _pins(file: WrittenFile) -> Iterator[Said]:
    """Versions that the file pins and that its TensorFlow does not take; in one step of pip there is no solution."""
    asked = next((item for item in file.packages if item.manager == "pip" and is_tensorflow(item)), None)
    if asked is None:
        return
    version, _ = tensorflow_for(asked, python_seen(file)[0])
    row = tensorflow.release_of(version) if version is not None else None
    if version is None or row is None:
        return
    pins = tensorflow.pins_of(version)
    for name, rule in PINS.items():
        other = file.get(name)
        wanted = SpecifierSet(re.split(r"[;|]", pins.get(name, ""))[0].strip())
        pinned = _pinned(other)
        if other is None or pinned is None or wanted.contains(pinned, prereleases=True):
            continue
        yield Said(
            rule=rule,
            what=f"`{other.text}` does not go with `{asked.text}`: {version} needs {name} {wanted}."[:100],
            why="pip finds no solution for both; installed one after the other, the framework may not start.",
            remedy=Remedy(text=f"Ask for {name} {wanted}, or for another TensorFlow."),
            evidence=(seen(asked), seen(other)),
        )


def _pinned(asked: Asked | None) -> Version | None:
    """The one version that is asked for, None where several are allowed."""
    exact = [one.version for one in allowed(asked.spec) if one.operator == "=="] if asked is not None else []
    return Version(exact[0].removesuffix(".*")) if exact else None


def _overlap(file: WrittenFile) -> Iterator[Said]:
    same = [item for item in file.packages if item.manager == "pip" and item.name in tensorflow.same_files()]
    names = {item.name for item in same}
    if len(names) > 1 and file.kind != "project":
        listed = ", ".join(sorted(names))
        yield Said(
            rule="tensorflow-packages-overlap",
            what=f"Packages that overwrite each other's files are asked for: {listed}."[:100],
            why="Each installs the folder `tensorflow`; which build is left depends on the order.",
            remedy=Remedy(text="Ask for one of them alone."),
            evidence=tuple(seen(item) for item in same[:6]),
        )


def _no_backend(file: WrittenFile) -> Iterator[Said]:
    """Keras 3 without anything that it could run on, where the file is all there is."""
    asked = file.get("keras")
    listed = file.image is not None and images.kind_of(file.image.text)[0] in ("gpu", "cpu")
    if asked is None or file.kind == "project" or listed or file.get(*BACKENDS) is not None or file.unread:
        return
    first = keras.table().releases[0].version
    bundled = asked.manager == "conda" and not all(_newer(one.version, first) for one in allowed(asked.spec))
    if bundled or (asked.manager == "conda" and not asked.spec):
        return  # conda's Keras 2 brings its TensorFlow
    yield Said(
        rule="tensorflow-not-installed",
        what=f"`{asked.text}` is asked for, and no backend that it could run on.",
        why="Keras 3 brings none: it needs TensorFlow, JAX or PyTorch beside it.",
        remedy=Remedy(text="Ask for one too, e.g. `tensorflow[and-cuda]`."),
        evidence=(seen(asked),),
    )


def _newer(text: str, first: Version) -> bool:
    return Version(text.removesuffix(".*")) >= first


def _hidden(file: WrittenFile) -> Iterator[Said]:
    for setting in {one.name: one for one in file.settings}.values():  # the last of a name counts
        if setting.value in HIDING.get(setting.name, ("\0",)):
            yield Said(
                rule="gpu-hidden-by-env",
                what=f"{setting.name} is set to {setting.value!r}, which hides every GPU.",
                why="Whatever is installed then sees none.",
                remedy=Remedy(text="Leave the variable out, or name the GPUs that may be used."),
                evidence=(Evidence(setting.name, setting.value, setting.where),),
            )


def _musl(file: WrittenFile) -> Iterator[Said]:
    asked = file.get(*BACKENDS)
    if file.image is None or asked is None or images.kind_of(file.image.text)[0] != "musl":
        return
    yield Said(
        rule="musl-without-wheels",
        what=f"{file.image.text} has musl; there are no wheels of `{asked.text}` for it."[:100],
        why="The wheels of TensorFlow, JAX and PyTorch, and NVIDIA's libraries, need glibc.",
        remedy=Remedy(text="Begin with an image of Debian or Ubuntu."),
        evidence=(Evidence("image", file.image.text, file.image.where), seen(asked)),
    )
