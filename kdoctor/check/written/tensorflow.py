"""TensorFlow in a file: would it see a GPU, with the wheel, the CUDA and the cuDNN that the file leads to?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from packaging.version import Version

from kdoctor.check.written import conda_tensorflow
from kdoctor.check.written.chosen import (
    NOTHING,
    GpuBuild,
    Judged,
    Said,
    allowed,
    python_seen,
    seen,
    tensorflow_for,
)
from kdoctor.knowledge import cuda, images, tensorflow
from kdoctor.knowledge.tensorflow import TensorflowRelease
from kdoctor.model.facts.written import Asked, WrittenFile
from kdoctor.model.finding import Evidence, Remedy, Severity
from kdoctor.model.version import CudaVersion, CudnnVersion

CPU_PIP = ("tensorflow-cpu", "intel-tensorflow", "tf-nightly-cpu")
MOST_EXTRAS = 10
BY_WHEELS = ("nvidia-cudnn-", "nvidia-cublas-", "nvidia-cublas")
SEVERITY: dict[str, Severity] = {"image": "error", "project": "note"}


def judge(file: WrittenFile) -> Judged:
    """The package of pip, else that of conda."""
    wanted = (item for item in file.packages if item.manager == "pip" and is_tensorflow(item))
    choice = MOST_EXTRAS if file.kind == "project" else 1  # a project's extras are to be chosen from
    by_pip = [_pip(file, item) for item in islice(wanted, choice)]
    if by_pip:
        return next((one for one in by_pip if one.build is not None), by_pip[0])
    return conda_tensorflow.judge(file) or _image(file)


def is_tensorflow(item: Asked) -> bool:
    """Whether it is one of pip's packages of TensorFlow."""
    return item.name in ("tensorflow", "tensorflow-gpu", *CPU_PIP)


def _image(file: WrittenFile) -> Judged:
    """No package, but an image that has TensorFlow."""
    kind = images.kind_of(file.image.text)[0] if file.image is not None else None
    if file.image is None or kind not in ("cpu", "gpu"):
        return NOTHING
    if kind == "gpu":
        return Judged(build=GpuBuild(title=file.image.text, cuda=None, driver=None))
    said = Said(
        rule="cpu-only-build-installed",
        what=f"The image {file.image.text} holds a TensorFlow for the CPU."[:100],
        why="Its tags with `-gpu` have CUDA and cuDNN; without it no driver helps.",
        remedy=Remedy(text=f"Begin with `{file.image.name}:latest-gpu`, or with the tag of your release and `-gpu`."),
        evidence=(Evidence("image", file.image.text, file.image.where),),
    )
    return Judged(said=(said,))


def _pip(file: WrittenFile, asked: Asked) -> Judged:
    python, shown, where = python_seen(file)
    version, newest = tensorflow_for(asked, python)
    if newest is None:
        return _none_allowed(asked)
    if version is None:
        tags = " ".join(str(each) for each in tensorflow.wheel_pythons(newest))
        said = Said(
            rule="python-unsupported",
            what=f"No TensorFlow that `{asked.text}` allows has a wheel for Python {shown}."[:100],
            why=f"Its newest, {newest}, has wheels for Python {tags}; pip finds no matching distribution.",
            remedy=Remedy(text="Ask for a Python that has wheels, or for another TensorFlow."),
            evidence=(seen(asked), Evidence("python", shown, where)),
        )
        return Judged(said=(said,))
    row = tensorflow.release_of(version)
    if row is None:
        return Judged(unknown=f"TensorFlow {version} is not in the tables")
    if asked.name in CPU_PIP or (asked.name == "tensorflow" and row.gpu_package != "tensorflow"):
        return Judged(said=(_cpu(file, asked, version, row),))
    faults = tuple(_libraries(file, asked, version, row))
    build = GpuBuild(title=f"TensorFlow {version}", cuda=row.cuda, driver=row.min_driver)
    return Judged(build=None if faults else build, said=faults)


def _none_allowed(asked: Asked) -> Judged:
    """Either a release that the tables do not know, or a tensorflow-gpu that is an empty package."""
    if asked.name != "tensorflow-gpu":
        return Judged(unknown=f"the tables have no release for `{asked.text}`")
    said = Said(
        rule="tensorflow-not-installed",
        what=f"`{asked.text}` cannot be installed: that package is empty and refuses to be.",
        why="The GPU build has been in `tensorflow` itself since 2.1; `tensorflow-gpu` ended with 2.11.",
        remedy=Remedy(text="Ask for `tensorflow[and-cuda]` instead."),
        evidence=(seen(asked),),
    )
    return Judged(said=(said,))


def _cpu(file: WrittenFile, asked: Asked, version: Version, row: TensorflowRelease) -> Said:
    wanted = f"{row.gpu_package}=={version}" if not row.and_cuda else f"tensorflow[and-cuda]=={version}"
    return Said(
        rule="cpu-only-build-installed",
        what=f"`{asked.text}` is a build for the CPU: it uses no GPU."[:100],
        why=f"The GPU build of {version} is in the package `{row.gpu_package}`.",
        remedy=Remedy(text=f"Ask for `{wanted}` instead."),
        evidence=(seen(asked),),
        severity=SEVERITY.get(file.kind),
    )


def _libraries(file: WrittenFile, asked: Asked, version: Version, row: TensorflowRelease) -> Iterator[Said]:
    """What is wrong with the CUDA libraries that the file brings for this wheel; nothing: they are all there."""
    if "and-cuda" in asked.extras and row.and_cuda:
        if row.and_cuda_fault and not file.other_cuda:
            yield _faulty(asked, version, row)
        return
    if file.other_cuda or file.get("torch") is not None or _by_wheels(file):
        return  # brought in a way that is not followed, or by wheels that it finds
    toolkit, where = _conda_cuda(file)
    if toolkit is not None:
        yield from _against(file, row, asked, version, toolkit, where)
        return
    kind, of_image, rest = images.kind_of(file.image.text) if file.image else (None, None, "")
    if kind == "gpu" or file.get("cuda-version", "cuda-toolkit", "cuda", "cudatoolkit") is not None:
        return
    if of_image is not None and file.image is not None:
        yield from _of_image(file, row, asked, version, of_image, rest)
    else:
        yield _missing(file, asked, version, row)


def _by_wheels(file: WrittenFile) -> bool:
    return any(item.name.startswith(BY_WHEELS) for item in file.packages)


def _with_cuda(version: Version, row: TensorflowRelease) -> str:
    other = tensorflow.newest_with_cuda(version) if row.and_cuda_fault else row
    if other is None or not other.and_cuda:
        return ""
    return f"tensorflow[and-cuda]=={version if other == row else other.patches[-1]}"


def _remedy(version: Version, row: TensorflowRelease, otherwise: str) -> Remedy:
    wanted = _with_cuda(version, row)
    return Remedy(text=f"Ask for `{wanted}`, which brings CUDA and cuDNN." if wanted else otherwise)


def _missing(file: WrittenFile, asked: Asked, version: Version, row: TensorflowRelease) -> Said:
    image = (Evidence("image", file.image.text, file.image.where),) if file.image else ()
    needs = f"CUDA {row.cuda} and cuDNN {row.cudnn}"
    return Said(
        rule="cuda-lib-missing",
        what=f"Nothing brings CUDA for `{asked.text}`: it needs {needs}."[:100],
        why=f"TensorFlow {version} opens its CUDA libraries when it starts; without them it uses the CPU alone.",
        remedy=_remedy(version, row, f"Install {needs}, e.g. by an image of NVIDIA's, or take a newer TensorFlow."),
        evidence=(seen(asked), *image),
        severity=SEVERITY.get(file.kind, "warning"),
        confidence="certain" if file.alone else "likely",
    )


def _faulty(asked: Asked, version: Version, row: TensorflowRelease) -> Said:
    return Said(
        rule="cuda-libs-not-on-path",
        what=f"`{asked.text}` leads to TensorFlow {version}, which as installed sees no GPU."[:100],
        why=f"{row.and_cuda_fault[0].upper()}{row.and_cuda_fault[1:]}.",
        remedy=Remedy(text=f"Ask for `{_with_cuda(version, row)}`, the newest whose extra works as it is."),
        evidence=(seen(asked),),
    )


def _conda_cuda(file: WrittenFile) -> tuple[CudaVersion | None, Evidence | None]:
    """The CUDA of a conda package in the file."""
    found = next((item for item in file.packages if item.manager == "conda" and item.name == "cudatoolkit"), None)
    version = CudaVersion.parse(found.spec.lstrip("=~<>!").partition(",")[0].removesuffix(".*")) if found else None
    return (version, seen(found)) if found and version else (None, None)


def _against(
    file: WrittenFile,
    row: TensorflowRelease,
    asked: Asked,
    version: Version,
    toolkit: CudaVersion,
    where: Evidence | None,
) -> Iterator[Said]:
    """The CUDA and the cuDNN of conda packages beside a wheel of pip."""
    evidence = (seen(asked), *((where,) if where else ()))
    if not fits(toolkit, row.cuda):
        yield _other_cuda(asked, version, row, toolkit, evidence)
        return
    cudnn = next((item for item in file.packages if item.manager == "conda" and item.name == "cudnn"), None)
    if cudnn is None:
        yield _no_cudnn(asked, version, row, evidence)
    elif cudnn.spec and not any(
        allowed(cudnn.spec).contains(f"{row.cudnn.major}.{minor}") for minor in range(row.cudnn.minor, 60)
    ):
        yield _other_cudnn(asked, version, row, cudnn.text, (*evidence, seen(cudnn)))


def fits(toolkit: CudaVersion, wanted: CudaVersion) -> bool:
    """Whether the runtime of a toolkit has the soname that a build wants."""
    has, needs = cuda.sonames(toolkit).get("cudart"), cuda.sonames(wanted).get("cudart")
    return has == needs if has and needs else toolkit.major == wanted.major


def _of_image(
    file: WrittenFile, row: TensorflowRelease, asked: Asked, version: Version, has: CudaVersion, rest: str
) -> Iterator[Said]:
    """The CUDA and the cuDNN of NVIDIA's image."""
    if file.image is None:
        return
    evidence = (seen(asked), Evidence("image", file.image.text, file.image.where))
    if not fits(has, row.cuda):
        yield _other_cuda(asked, version, row, has, evidence)
    elif rest.startswith("base"):
        yield Said(
            rule="cuda-lib-missing",
            what=f"{file.image.text} holds libcudart alone of CUDA; {asked.text} needs all of it."[:100],
            why=f"Images `base` have no cuBLAS, cuFFT and cuSPARSE; TensorFlow {version} then uses the CPU alone.",
            remedy=_remedy(version, row, "Begin with the image `cudnn-runtime` of that CUDA."),
            evidence=evidence,
        )
    elif "cudnn" not in rest:
        yield _no_cudnn(asked, version, row, evidence)
    else:
        number = rest.partition("cudnn")[2][:1]
        if number.isdecimal() and int(number) != row.cudnn.major:
            yield _other_cudnn(asked, version, row, f"cuDNN {number} of the image", evidence)


def _other_cuda(
    asked: Asked, version: Version, row: TensorflowRelease, has: CudaVersion, evidence: tuple[Evidence, ...]
) -> Said:
    """Before the extra a toolkit of another version is what is wrong; since then its libraries are missing."""
    text = f"Bring CUDA {row.cuda.short} and cuDNN {row.cudnn}, or the TensorFlow that was built for CUDA {has}."
    return Said(
        rule="cuda-lib-missing" if row.and_cuda else "cuda-wrong-version",
        what=f"CUDA {has} is brought; `{asked.text}` ({version}) needs CUDA {row.cuda.short}."[:100],
        why="Its CUDA libraries have other names than those that TensorFlow opens; it then uses the CPU alone.",
        remedy=_remedy(version, row, text),
        evidence=evidence,
    )


def _no_cudnn(asked: Asked, version: Version, row: TensorflowRelease, evidence: tuple[Evidence, ...]) -> Said:
    return Said(
        rule="cudnn-missing",
        what=f"CUDA is brought, cuDNN is not; `{asked.text}` ({version}) needs cuDNN {row.cudnn}."[:100],
        why="One library that does not open suffices: TensorFlow then uses no GPU at all.",
        remedy=_remedy(version, row, f"Bring cuDNN {row.cudnn} too: an image with `cudnn` in its tag, or the package."),
        evidence=evidence,
    )


def _other_cudnn(
    asked: Asked, version: Version, row: TensorflowRelease, has: str, evidence: tuple[Evidence, ...]
) -> Said:
    needs: CudnnVersion = row.cudnn
    return Said(
        rule="cudnn-wrong-version",
        what=f"`{has}` is brought; `{asked.text}` ({version}) needs cuDNN {needs} or a later {needs.major}."[:100],
        why="TensorFlow opens the cuDNN of one major version, and not one that is older than it was built with.",
        remedy=_remedy(version, row, f"Bring cuDNN {needs}."),
        evidence=evidence,
    )
