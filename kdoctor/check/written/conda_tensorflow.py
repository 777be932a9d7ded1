"""TensorFlow, or a Keras that brings it, as conda packages of a file: which build would conda's solver take?"""

from __future__ import annotations

import re

from kdoctor.check.written.chosen import NOTHING, GpuBuild, Judged, Said, allowed, has_wheel, python_seen, seen
from kdoctor.knowledge import conda, cuda
from kdoctor.model.facts.written import Asked, WrittenFile
from kdoctor.model.finding import Evidence, Remedy
from kdoctor.model.version import CudaVersion

CPU = ("tensorflow-cpu", "tensorflow-mkl", "tensorflow-eigen")
GPU = ("tensorflow-gpu", "keras-gpu")
CPU_BUILDS = ("cpu", "mkl", "eigen")


def judge(file: WrittenFile) -> Judged | None:
    """The first such package; None where the file asks for none."""
    asked = next(
        (item for item in file.packages if item.manager == "conda" and item.name in ("tensorflow", *CPU, *GPU)), None
    )
    if asked is not None:
        return _package(file, asked)
    keras = next((item for item in file.packages if item.manager == "conda" and item.name == "keras"), None)
    if keras is not None and not _from_forge(file, keras):
        return Judged(said=(_of_defaults(keras),))  # that channel's Keras brings its TensorFlow
    return None


def _package(file: WrittenFile, asked: Asked) -> Judged:
    """A package of conda: which build is taken depends on its build string, and on the machine that solves."""
    gpu = file.get(*GPU)
    if asked.name in CPU or asked.build.lstrip("*").startswith(CPU_BUILDS):
        return Judged(said=(_cpu(asked, "Its build is one for the CPU."),))
    pinned = re.match(r"cuda(\d{2})(\d)", asked.build)
    if pinned:
        version = CudaVersion(f"{pinned[1]}.{pinned[2]}")
        title = f"TensorFlow {asked.spec.removeprefix('==').removesuffix('.*')}"
        return Judged(build=GpuBuild(title=title, cuda=version, driver=cuda.minimum_driver(version)))
    rows = [row for row in conda.releases() if row.version in allowed(asked.spec)]
    if not rows:
        return Judged(unknown=f"the tables have no conda build for `{asked.text}`")
    with_cuda = [row for row in rows if row.cuda]
    python, shown, where = python_seen(file)
    forge = _from_forge(file, asked)
    if forge and not with_cuda:
        return Judged(said=(_cpu(asked, "conda-forge has this release for the CPU only."),))
    if forge and not [row for row in with_cuda if has_wheel(row.python, python)]:
        said = Said(
            rule="python-unsupported",
            what=f"conda-forge has no GPU build of `{asked.text}` for Python {shown}."[:100],
            why="The solver then takes a build for the CPU, or finds none.",
            remedy=Remedy(text="Ask for a Python that has GPU builds, or for another TensorFlow."),
            evidence=(seen(asked), Evidence("python", shown, where)),
        )
        return Judged(said=(said,))
    forced = gpu is not None or "cuda" in asked.build or any(one.name == "CONDA_OVERRIDE_CUDA" for one in file.settings)
    if not forge:
        return NOTHING if forced else Judged(said=(_of_defaults(asked),))
    if file.kind == "image" and not forced:
        why = "No driver is seen while an image is built; conda's solver then takes a build for the CPU."
        return Judged(said=(_cpu(asked, why),))
    best = max(with_cuda, key=lambda row: (row.version, row.build))
    newest = max(best.cuda)
    build = GpuBuild(title=f"TensorFlow {best.version}", cuda=newest, driver=cuda.minimum_driver(newest))
    return Judged(build=build)


def _from_forge(file: WrittenFile, asked: Asked) -> bool:
    first = asked.index or next((name for name in file.channels if name != "nodefaults"), "defaults")
    return "conda-forge" in first


def _cpu(asked: Asked, why: str) -> Said:
    return Said(
        rule="cpu-only-build-installed",
        what=f"`{asked.text}` leads to a build for the CPU: it uses no GPU."[:100],
        why=why,
        remedy=Remedy(
            text="Ask for `tensorflow=*=cuda*` of conda-forge; where no driver is seen, set CONDA_OVERRIDE_CUDA."
        ),
        evidence=(seen(asked),),
    )


def _of_defaults(asked: Asked) -> Said:
    """Anaconda's own channel prefers the build for the CPU, unless a package `-gpu` asks for the other."""
    return Said(
        rule="cpu-only-build-installed",
        what=f"`{asked.text}` of the channel defaults leads to a build for the CPU."[:100],
        why="That channel's `tensorflow` is a CPU build unless `tensorflow-gpu` or `keras-gpu` is asked for.",
        remedy=Remedy(text="Ask for `tensorflow-gpu` (or `keras-gpu`), or take conda-forge's `tensorflow=*=cuda*`."),
        evidence=(seen(asked),),
        confidence="likely",
    )
