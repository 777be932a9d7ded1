"""What do the signs of a text mean against the knowledge tables? Marks such as ``missing-cudnn``, for the combinations.

A mark is true because of lines: each comes with those that it was worked out from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from packaging.version import InvalidVersion, Version

from kdoctor.knowledge import clues, cuda, gpu_code, tensorflow
from kdoctor.model.facts.symptoms import Line, Symptoms
from kdoctor.model.version import ComputeCapability, CudaVersion, CudnnVersion, Dotted, DriverRelease, Soname
from kdoctor.symptoms.stated import capability_of

Marks = dict[str, tuple[Line, ...]]
_DLL = re.compile(r"(?P<stem>cu\w+?)(?:64|32)_(?P<major>\d{1,2}?)(?P<minor>\d)?\.dll")
_WORKS = ("works-created", "works-listed", "works-count")
_CUDA_LINES = frozenset((
    "works-created", "works-found-device", "works-listed", "opened-lib", "tf-dlopen-lib", "loader-cannot-open",
    "tf-import-lib-missing", "cuinit-no-device", "cuinit-unknown", "cuinit-303", "cuinit-unknown-error-other",
    "tf-cudart-missing", "tf-dlopen-some", "tf-libcuda-missing", "diag-not-running", "numa-negative", "dll-missing",
    "old-no-lib", "no-cuda-device-detected",
))  # fmt: skip
_MISSING = (
    "tf-dlopen-lib", "tf-import-lib-missing", "loader-cannot-open", "torch-lib-not-found", "dll-missing", "old-no-lib",
    "win-cudnn-dll", "win-cudart-dll", "tf-libcuda-missing",
)  # fmt: skip
_PYTHON_FAILURES = (
    "numpy-", "protobuf-", "h5py-", "keras3-unrec", "keras3-only", "keras3-ker", "keras3-file", "transformers-",
    "tf-module-attr", "tf1-attr", "dtensor", "tf-empty-attr", "old-api-names", "glibc", "avx-missing", "illegal-",
    "shadow-",
)  # fmt: skip
_NO_GPU_LINES = ("tf-skip-gpu", "tf-dlopen-some", "tf-min-cc")
_INDEX = re.compile(r"\d+")


class Text:
    """Symptoms as the marks ask for them."""

    def __init__(self, symptoms: Symptoms) -> None:
        """``symptoms``: of one or several texts."""
        self.seen = {seen.id: seen for seen in symptoms.seen}
        self.all = symptoms
        self.libraries = dict(self._libraries())

    def lines(self, name: str) -> tuple[Line, ...]:
        """The lines of a sign, () where it was not seen."""
        return self.seen[name].lines if name in self.seen else ()

    def stated(self, of: str) -> list[tuple[str, Line]]:
        """Versions that the text names."""
        return [(item.value, item.line) for item in self.all.stated if item.of == of]

    def _libraries(self) -> Iterator[tuple[str, Line]]:
        """Libraries that were not found, by name."""
        name = re.compile(r"(?:lib(?:cu|nv)[\w+-]+?\.so(?:\.\d+)*|\bcu\w+?64_\w+\.dll)")
        for sign in _MISSING:
            for line in self.lines(sign):
                for match in name.finditer(line.text.partition("LD_LIBRARY_PATH")[0]):
                    if "nvinfer" not in match[0]:
                        yield match[0], line


def marks_of(symptoms: Symptoms) -> Marks:
    """All that hold, with the lines that they follow from."""
    text = Text(symptoms)
    marks: Marks = {seen.id: seen.lines for seen in symptoms.seen}
    for step in (_general, _missing, _cudnn_loaded, _builds, _visible, _python):
        for name, lines in step(text):
            marks[name] = marks.get(name, ()) + lines
    if "container" in marks or "kubernetes" in marks or "gpu-image" in marks:
        marks["in-container"] = marks.get("container", ()) + marks.get("kubernetes", ()) + marks.get("gpu-image", ())
    return marks


def working(symptoms: Symptoms) -> bool:
    """Whether the text shows a GPU in use."""
    return "gpu-works" in marks_of(symptoms)


def compares(text: Symptoms, sign: str) -> tuple[Line, ...]:
    """The lines of versions for which a comparison such as ``tensorflow>=2.11`` holds."""
    of, operator, bound = re.split("(>=|<)", sign)
    found = []
    for item in text.stated:
        version = _version(item.value) if item.of == of else None
        if version is not None and (version.release >= Version(bound).release) == (operator == ">="):
            found.append(item.line)
    return tuple(found)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _general(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    works = tuple(line for name in _WORKS for line in text.lines(name))
    created = text.lines("works-created")
    found = text.lines("works-found-device")
    if (works and (created or not any(text.lines(name) for name in _NO_GPU_LINES))) or (
        found and not any(text.lines(name) for name in _NO_GPU_LINES) and not text.libraries
    ):
        yield "gpu-works", works or found
    opened = [line for line in text.lines("opened-lib") if "libcuda." not in line.text and "cudnn" not in line.text]
    if opened:
        yield "opened-cuda", tuple(opened)
    cuda_lines = tuple(line for name in sorted(_CUDA_LINES) for line in text.lines(name))
    if cuda_lines:
        yield "cuda-line", cuda_lines
    nvidia = [line for _, line in text.stated("gpu")]
    if nvidia:
        yield "nvidia-gpu-stated", tuple(nvidia)
    failures = tuple(
        line for name, seen in text.seen.items() if name.startswith(_PYTHON_FAILURES) for line in seen.lines
    )
    if failures:
        yield "crashed-python", failures
        yield "crashed", failures
    windows, wsl = text.lines("windows"), text.lines("wsl")
    new = compares(text.all, "tensorflow>=2.11")
    if windows and new and not wsl and not text.lines("container"):
        yield "tf-windows-dropped", (windows[0], new[0])


def _missing(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    for name, line in text.libraries.items():
        if name.startswith(("libcuda.so", "nvcuda")):
            yield "missing-libcuda", (line,)
            continue
        kind = "cudnn" if "cudnn" in name else "cuda"
        yield f"missing-{kind}", (line,)
        for version, where in text.stated(kind):
            same = _same(name, kind, version)
            if same is not None:
                yield f"{kind}-{'same-as' if same else 'other-than'}-missing", (line, where)


def _same(library: str, kind: str, stated: str) -> bool | None:
    """Whether a library belongs to a stated version; None where its name does not say."""
    version = Dotted.parse(stated)
    wanted = _wanted(library)
    if version is None or not wanted:
        return None
    if kind == "cudnn":
        return version.major == wanted[0].major
    return any(
        row.major == version.major and (len(row.parts) == 1 or len(version.parts) == 1 or row.short == version.short)
        for row in wanted
    )


def _wanted(library: str) -> tuple[Dotted, ...]:
    """The versions of CUDA, or of cuDNN, that a library's name stands for."""
    soname = Soname.parse(library)
    if soname is not None and soname.version:
        known = cuda.cuda_majors_of(soname) if "cudnn" not in library else ()
        return known or (Dotted(soname.version),)
    dll = _DLL.match(library)
    if dll is None:
        return ()
    return (Dotted(f"{dll['major']}.{dll['minor']}" if dll["minor"] else dll["major"]),)


def _cudnn_loaded(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    seen = text.seen.get("cudnn-version-mismatch")
    if seen is None:
        return
    have, need = _cudnn(seen.values.get("have", "")), _cudnn(seen.values.get("need", ""))
    if have is not None and need is not None:
        lower = have.major == need.major and have < need
        yield ("cudnn-loaded-lower" if lower else "cudnn-loaded-other"), seen.lines


def _cudnn(text: str) -> CudnnVersion | None:
    """The version of cuDNN, written with dots or as its number: 5110 is 5.1.10, 90100 is 9.1.0."""
    text = text.rstrip(".")
    if text.isdecimal() and len(text) in {4, 5}:
        text = f"{text[:-3]}.{text[-3]}.{text[-2:]}" if len(text) == 4 else f"{text[0]}.{text[1:3]}.{text[3:]}"  # noqa: PLR2004
    return CudnnVersion.parse(text)


def _builds(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    """What the stated TensorFlow was built for, against what else is stated."""
    stated = [(version, line) for value, line in text.stated("tensorflow") if (version := _version(value))]
    wanted: list[tuple[CudaVersion, Line]] = []
    for version, line in stated:
        if not len(version.release) > 0:
            continue
        built = _built_for(version)
        if built is None:
            continue
        wanted.append((built, line))
        for value, where in text.stated("cuda"):
            have = CudaVersion.parse(value)
            if have is not None and len(have.parts) > 1:
                strict = built.major < 11  # noqa: PLR2004  from CUDA 11 on a minor version does not matter
                fits = have.major == built.major and (have.short == built.short or not strict)
                yield f"cuda-{'built-for' if fits else 'not-built-for'}", (line, where)
        yield from _code(text, version, line)
    wanted += [
        (have, line) for value, line in text.stated("cuda") if (have := CudaVersion.parse(value)) and have.major > 1
    ]
    for value, where in text.stated("driver"):
        driver = DriverRelease.parse(value)
        for needed, line in wanted:
            least = cuda.minimum_driver(needed)
            if driver is not None and least is not None and driver < least:
                yield "driver-below-minimum", (where, line)


def _built_for(version: Version) -> CudaVersion | None:
    release = tensorflow.release_of(version)
    if release is not None:
        return release.cuda
    for row in clues.table().builds:
        if row.first.release[:2] <= version.release[:2] <= row.last.release[:2]:
            return row.cuda
    return None


def _code(text: Text, version: Version, line: Line) -> Iterator[tuple[str, tuple[Line, ...]]]:
    release = tensorflow.release_of(version)
    if release is None:
        return
    found = [(value, where) for value, where in text.stated("capability")]
    found += [(capability_of(value), where) for value, where in text.stated("gpu")]
    for value, where in found:
        capability = ComputeCapability.parse(value)
        if capability is None or capability.major < 2:  # noqa: PLR2004  no GPU that computes
            continue
        if gpu_code.coverage(release.gpu_code, capability, bare_compute_is_both=True) == "none":
            yield "capability-unsupported", (line, where)


def _visible(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    for name in ("visible-devices", "diag-cvd"):
        for line in text.lines(name):
            match = re.search(r"VISIBLE_DEVICES[\"'\]\s]*(?:=|:|,| to )\s*[\"']?(?P<value>\d[\d,]*)", line.text)
            numbers = [int(number) for number in _INDEX.findall(match["value"])] if match else []
            if numbers and 0 not in numbers:
                yield "visible-nonzero", (line,)


def _python(text: Text) -> Iterator[tuple[str, tuple[Line, ...]]]:
    tensorflows = [(version, line) for value, line in text.stated("tensorflow") if (version := _version(value))]
    for value, where in text.stated("keras"):
        keras = _version(value)
        for version, line in tensorflows:
            if keras is not None and not _pair_fits(keras, version):
                yield "keras-tf-pair-wrong", (where, line)
    for value, where in text.stated("python"):
        python = Dotted.parse(value)
        for version, line in tensorflows:
            wheels = {wheel.short for wheel in tensorflow.wheel_pythons(version)}
            if python is not None and wheels and python.short not in wheels:
                yield "python-without-wheel", (where, line)


_SAME_MINOR = (Version("2.6"), Version("2.15"))
_KERAS_FOR_TF2 = Version("2.3")


def _pair_fits(keras: Version, version: Version) -> bool:
    """Whether Keras and TensorFlow belong together by the pairing in keras.toml."""
    minor = version.release[:2]
    if keras.major >= 3:  # noqa: PLR2004  Keras 3
        return minor >= (2, 16)
    if _SAME_MINOR[0].release <= minor <= _SAME_MINOR[1].release:
        return keras.release[:2] == minor
    return version.major < 2 or keras >= _KERAS_FOR_TF2  # noqa: PLR2004  TensorFlow 2


def holds(sign: str, marks: Mapping[str, tuple[Line, ...]], symptoms: Symptoms) -> tuple[Line, ...] | None:
    """The lines of a sign that holds, None where it does not."""
    if ">" in sign or "<" in sign:
        return compares(symptoms, sign) or None
    return marks.get(sign)
