"""What do the signs of a text mean against the knowledge tables? Marks such as ``missing-cudnn``, for the combinations.

A mark is true because of lines: each comes with those that it was worked out from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kdoctor.check.builds import builds, pairs, releases_of_driver, torch_builds
from kdoctor.check.libraries import present
from kdoctor.check.packages import interpreters, packages
from kdoctor.check.said import Signs, Text, compares
from kdoctor.knowledge import cuda
from kdoctor.model.facts.symptoms import Line, Symptoms
from kdoctor.model.version import CudnnVersion, Dotted, Soname

Marks = dict[str, tuple[Line, ...]]
_DLL = re.compile(r"(?P<stem>cu\w+?)(?:64|32)_(?P<major>\d{1,2}?)(?P<minor>\d)?\.dll")
_WORKS = ("works-created", "works-listed", "works-count", "works-metal")
_CUDA_LINES = frozenset((
    "works-created", "works-found-device", "works-listed", "opened-lib", "tf-dlopen-lib", "loader-cannot-open",
    "tf-import-lib-missing", "cuinit-no-device", "cuinit-unknown", "cuinit-303", "cuinit-unknown-error-other",
    "tf-cudart-missing", "tf-dlopen-some", "tf-libcuda-missing", "diag-not-running", "numa-negative", "dll-missing",
    "old-no-lib", "no-cuda-device-detected",
))  # fmt: skip
_PYTHON_FAILURES = (
    "numpy-", "protobuf-", "h5py-", "keras3-unrec", "keras3-only", "keras3-ker", "keras3-file", "transformers-",
    "tf-module-attr", "tf1-attr", "dtensor", "tf-empty-attr", "old-api-names", "glibc", "avx-missing", "illegal-",
    "shadow-",
)  # fmt: skip
_NO_GPU_LINES = ("tf-skip-gpu", "tf-dlopen-some", "tf-min-cc")
_NO_GPU_SAID = ("no-gpu-listed", "cpu-only-listed", "runs-on-cpu")
_CONTAINED = ("container", "kubernetes", "gpu-image")
_INDEX = re.compile(r"\d+")
_USED = re.compile(r"(?P<used>\d+)MiB */ *(?P<all>\d+)MiB")
_NEARLY_FULL = 0.85
_MOST_GPUS = 17  # 16 in one machine are the most that are sold


def marks_of(symptoms: Symptoms) -> Marks:
    """All that hold, with the lines that they follow from."""
    text = Text(symptoms)
    marks: Marks = {seen.id: seen.lines for seen in symptoms.seen}
    steps = (
        _general, _missing, present, _cudnn_loaded, builds, torch_builds, releases_of_driver, _visible, _memory, pairs,
        packages, interpreters,
    )  # fmt: skip
    for step in steps:
        for name, lines in step(text):
            marks[name] = marks.get(name, ()) + lines
    contained = [marks[name] for name in _CONTAINED if name in marks]
    if contained:
        marks["in-container"] = tuple(line for lines in contained for line in lines)
    return marks


def working(symptoms: Symptoms) -> bool:
    """Whether the text shows a GPU in use."""
    return "gpu-works" in marks_of(symptoms)


def _general(text: Text) -> Signs:
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
    without = tuple(line for name in _NO_GPU_SAID for line in text.lines(name))
    if without:
        yield "no-gpu-said", without
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
    elsewhere = wsl or text.lines("container") or (text.lines("linux") and not text.lines("windows-os"))
    if windows and new and not elsewhere:
        yield "tf-windows-dropped", (windows[0], new[0])


def _missing(text: Text) -> Signs:
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


def _cudnn_loaded(text: Text) -> Signs:
    seen = text.seen.get("cudnn-version-mismatch")
    if seen is None:
        return
    have, need = _cudnn(seen.values.get("have", "")), _cudnn(seen.values.get("need", ""))
    if have is not None and need is not None:
        lower = have.major == need.major and have < need
        yield ("cudnn-loaded-lower" if lower else "cudnn-loaded-other"), seen.lines
        for value, where in text.stated("cudnn"):
            stated = _cudnn(value)
            if lower and stated is not None and stated.major == need.major and stated >= need:
                yield "cudnn-second-copy", (*seen.lines[:1], where)


def _cudnn(text: str) -> CudnnVersion | None:
    """The version of cuDNN, written with dots or as its number: 5110 is 5.1.10, 90100 is 9.1.0."""
    text = text.rstrip(".")
    if text.isdecimal() and len(text) in {4, 5}:
        text = f"{text[:-3]}.{text[-3]}.{text[-2:]}" if len(text) == 4 else f"{text[0]}.{text[1:3]}.{text[3:]}"  # noqa: PLR2004
    return CudnnVersion.parse(text)


def _visible(text: Text) -> Signs:
    for name in ("visible-devices", "diag-cvd"):
        for line in text.lines(name):
            match = re.search(r"VISIBLE_DEVICES[\"'\]\s]*(?:=|:|,| to )\s*[\"']?(?P<value>\d[\d,]*)", line.text)
            numbers = [int(number) for number in _INDEX.findall(match["value"])] if match else []
            if numbers and 0 not in numbers:
                yield "visible-nonzero", (line,)
                if min(numbers) >= _MOST_GPUS:
                    yield "visible-impossible", (line,)


def _memory(text: Text) -> Signs:
    """Memory of a GPU that is nearly all in use, in a table of nvidia-smi."""
    for line in text.lines("smi-fine"):
        for match in _USED.finditer(line.text):
            if int(match["used"]) > _NEARLY_FULL * int(match["all"]):
                yield "memory-nearly-full", (line,)


def holds(sign: str, marks: Mapping[str, tuple[Line, ...]], symptoms: Symptoms) -> tuple[Line, ...] | None:
    """The lines of a sign that holds, None where it does not."""
    if ">" in sign or "<" in sign:
        return compares(symptoms, sign) or None
    return marks.get(sign)
