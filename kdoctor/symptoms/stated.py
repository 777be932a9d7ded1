"""Which versions and GPUs does a text name? As lists of packages, issue forms, tables of nvidia-smi and prose do.

What is found here is *stated*: said by whoever wrote the text, of whatever machine and time; rules weigh it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kdoctor.knowledge import gpus
from kdoctor.symptoms.needs import texts_of

_VERSION = r"(?P<v>\d{1,4}(?:\.\d+){0,3}(?:[-.]?(?:a|b|rc|alpha|beta|dev)[-.]?\d*)?)"
_WORDS = r"library|package|release|toolkit|runtime|version|versions|ver\.?|is|was|gave|says|installs|installed"
_ASIDE = r"(?:\s*\([^()\d]{1,40}\))?"  # "(use command below)", as forms have it
_BETWEEN = rf"(?:[\s\"'`*)]*(?:{_WORDS})){{0,3}}{_ASIDE}[\s\"'`*]*(?:[:=(<>~-]{{1,2}}|to|at|_)?[\s\"'`*(]*[vr]?"
_TF = r"tf(?:[-_]?(?:gpu|nightly)|\.__version__|(?:\.version)?\.VERSION)?"
_TENSORFLOWS = r"tensorflow(?:\.__version__|[-_ ](?:gpu|cpu|macos|intel|base|mkl|nightly))?"
_DRIVERS = (
    r"nvidia[- ](?:gpu |graphics )?drivers?|driver version|nvidia-smi|kernel module|gpu[_ ]driver|drivers?"
    r"|graphics driver|kernel reported version is|insufficient driver version"
)
_NAMES = {
    "tensorflow": rf"(?:intel-tensorflow|nvidia-tensorflow|{_TENSORFLOWS}|{_TF})",
    "tf-keras": r"tf[-_]keras",
    "keras": r"keras",
    "jax": r"jax",
    "jaxlib": r"(?:jax/)?jaxlib",
    "torch": r"(?:pytorch|torch)",
    "python": r"python",
    "cudnn": r"(?:nvidia[-_]|gpu_)?(?:lib)?cudnn(?:[-_]cu\d\d)?(?:[-_][\d.]+-[a-z]+[\w-]*?(?=-v\d))?",
    "cuda": r"(?:cuda[-_ ]?toolkit|(?:nvidia-)?cuda-runtime(?:-cu\d\d)?|cuda-(?:version|cudart)|(?:gpu_)?cuda)",
    "driver": rf"(?:{_DRIVERS})",
    "numpy": "numpy",
    "protobuf": "protobuf",
    "h5py": "h5py",
    "glibc": "glibc",
}
_TABLE_ROW = r"(?:\s{2,}|==|(?: version)?\s*\|\s*)"
_PATTERNS = {
    of: re.compile(rf"(?i)(?<![\w.@/+-]){name}(?:{_TABLE_ROW}|{_BETWEEN}){_VERSION}(?![\w]|\.\d)")
    for of, name in _NAMES.items()
}
_PATTERNS["kernel-driver"] = re.compile(r"(?i)kernel module\s+(?:for \S+\s+)?(?P<v>\d{3}\.\d+(?:\.\d+)?)")
_PATTERNS["library-driver"] = re.compile(
    r"(?i)(?:^\W*ii\s+(?:libcuda1|libnvidia-(?:compute|ml1?|gl)|nvidia-(?:smi|utils|compute-utils))[\w:-]*"
    r"|NVML library version:|DSO version|client has the version)\s+(?P<v>\d{3}\.\d+(?:\.\d+)?)"
)
_HEADS = {
    "kernel-driver": ("kernel module",),
    "library-driver": ("ii ", "nvml library version", "dso version", "client has the version"),
    "tensorflow": ("tf", "tensorflow"),
    "tf-keras": ("tf-keras", "tf_keras"),
    "driver": ("driver", "nvidia-smi", "kernel module", "kernel reported"),
}
_DIGIT = re.compile(r"\d")
_PLAIN = re.compile(
    r"(?i)cuda\s*/\s*cudnn(?:\s*versions?)?\W{1,6}(?:cuda\W{0,3})?v?(?P<cuda>\d+(?:\.\d+)*)"
    r"(?:(?!\D{0,12}cudnn[-_])\D{1,12}(?P<cudnn>\d+(?:\.\d+)*)(?![\d.]*\s?[GM]i?B))?"
)
_CUDA_PATH = re.compile(
    r"(?i)(?:\bcuda[/:](?=\d+\.\d)|/cuda-|\\CUDA\\v|\brelease (?=\d+\.\d, V))(?P<v>\d+\.\d+)|cuda-toolkit-(?P<w>\d+-\d)"
)
_MODULE = re.compile(r"\bcuda[/:]\d")  # as modules and images are named: cuda/10.1, nvidia/cuda:11.8.0-base
_CC = re.compile(
    r"(?i)(?:compute ?capability|\bCC\b|computeCapability)\W{0,4}(?:of |is )?\W?(?P<v>\d{1,2}\.\d)\b"
    r"|\bmajor: (?P<major>\d+) minor: (?P<minor>\d)|\bsm_(?P<sm>\d{2,3})\b"
)
_GPU = re.compile(
    r"(?i)\b(?:(?:nvidia )?(?:geforce )?(?P<line>[GR]TX|GTS|GT)[ -]?(?P<n>\d{3,4})(?!\d| Ada)"
    r" ?(?P<suffix>Ti SUPER|Ti|SUPER)?(?P<mobile> ?(?:Max-Q|Mobile|Laptop)[\w ]*| ?MX?\b)?"
    r"|(?:my|an?|two|our|new|old|gpu:?|memory:|nvidia|geforce) (?:nvidia |geforce )?"
    r"(?P<bare>10[5-8]0|[2-5]0[5-9]0|16[56]0)(?: (?P<ti>Ti))?\b"
    r"(?! [a-z]+s\b)"
    r"|(?P<word>RTX PRO \d{4}|RTX \d[05]00 Ada|TITAN (?:X \(Pascal\)|V|RTX|Xp|X|Black|Z)|Tesla [A-Z]\d+\w*"
    r"|Quadro (?:RTX \d+|FX \w+|[A-Z]{0,2}\d+[A-Z]?)|GRID K\d+|NVS \d+M?|GeForce \d{3,4}(?:MX?)?|MX ?\d{3}"
    r"|(?:RTX )?A(?:2|10|16|30|40|100|800|[1-6]000|[45]500)G?\b|[HB](?:20|100|200|300|800)\b|L(?:20|40S?)\b"
    r"|L4(?= gpu|\b.{0,10}GB)|Jetson [\w ]{2,12}|Tegra X\d"
    r"|T4\b|V100|P100|K80|M60|K40[cm]?))"
)
_CC_HINT, _GPU_HINT = (
    re.compile("|".join(map(re.escape, sorted(texts_of(pattern.pattern))))) for pattern in (_CC, _GPU)
)  # `re` finds one of some texts sooner than the expressions
_SMI_CUDA = re.compile(r"(?i)cuda version: *(?P<v>\d+\.\d+)")
_TORCH_BUILT = re.compile(
    r"(?i)CUDA used to build PyTorch: (?P<v>\d+\.\d+)|\btorch\b.{0,20}\d\+cu(?P<major>\d{1,2})(?P<minor>\d)\b"
)
_QUERIED = re.compile(
    r"(?i)cuda driver version / runtime version\s+(?P<driver>\d+\.\d+) / (?P<runtime>\d+\.\d+)"  # deviceQuery
    r"|\b__(?P<of>cuda|glibc)=(?P<v>\d+\.\d+)"  # conda's virtual packages: the driver's CUDA version
)
_FALSE = {"cuda": re.compile(r"(?i)compute capability|CUDA_|cuda device")}
_TOP = {
    "tensorflow": 2, "tf-keras": 2, "keras": 3, "jax": 0, "jaxlib": 0, "torch": 2, "python": 3, "cuda": 14, "cudnn": 10,
}  # fmt: skip
_LEAST = {"driver": 170, "cuda": 5, "cudnn": 2}
_BARE = ("cuda", "driver", "cudnn")
_WANTED = re.compile(
    r"(?i)\b(?:no|not|without|needs?|requires?|wants?|expects?|look\w* for|instead of|at least|supports?"
    r"|download and install|(?:built|compiled) (?:for|with|against))\W+(?:\w+\W+){0,2}$"
)
_MAY_BE_WANTED = ("cuda", "cudnn", "driver")
_REQUIRED = re.compile(
    r"(?i)\brequires?\W+$"
)  # "Keras requires TensorFlow 2.2 or higher" does not say that it is there
LONGEST = 600


def expressions() -> Iterator[str]:
    """One of these matches in every line that states something."""
    for pattern in (*_PATTERNS.values(), _PLAIN, _SMI_CUDA, _QUERIED, _TORCH_BUILT, _CUDA_PATH, _CC, _GPU):
        yield pattern.pattern


def stated_in(line: str) -> Iterator[tuple[str, str]]:
    """What is named and the version or model as written, for each statement in a line.

    >>> list(stated_in("tensorflow-gpu==1.8.0 in anaconda, cuda version is 9.0, driver 384.69"))
    [('tensorflow', '1.8.0'), ('cuda', '9.0'), ('driver', '384.69')]
    """
    line = line[:LONGEST]
    if not _DIGIT.search(line):
        return
    lowered = line.lower()
    both = _PLAIN.search(line) if "cuda/" in lowered or "cuda /" in lowered else None
    told = {of for of in ("cuda", "cudnn") if both and both[of] and plausible(of, both[of])}
    if "nvidia-smi" in lowered and "cuda version" in lowered:
        told.add("cuda")
        yield from (("driver-cuda", match["v"]) for match in _SMI_CUDA.finditer(line))
    if both:
        yield from ((of, both[of]) for of in ("cuda", "cudnn") if of in told)
    for of, pattern in _PATTERNS.items():
        if of not in told and any(head in lowered for head in _HEADS.get(of, (of,))):
            yield from ((of, version) for version in _versions(of, pattern, line))
    yield from _queried(line, lowered)
    yield from _hardware(line, lowered)


def _queried(line: str, lowered: str) -> Iterator[tuple[str, str]]:
    """What tools that ask the driver or PyTorch say."""
    if "torch" in lowered:
        for built in _TORCH_BUILT.finditer(line):
            yield "torch-cuda", built["v"] or f"{built['major']}.{built['minor']}"
    match = _QUERIED.search(line) if "__" in lowered or "runtime version" in lowered else None
    if match is None:
        return
    if match["driver"]:
        yield from (("driver-cuda", match["driver"]), ("cuda", match["runtime"]))
    else:
        yield {"cuda": "driver-cuda"}.get(match["of"].lower(), match["of"].lower()), match["v"]


def _versions(of: str, pattern: re.Pattern[str], line: str) -> Iterator[str]:
    """The versions of one thing that a line states to be there."""
    for match in pattern.finditer(line):
        if of in _MAY_BE_WANTED and _WANTED.search(line[max(0, match.start() - 50) : match.start()]):
            continue
        if of == "tensorflow" and _REQUIRED.search(line[: match.start()]):
            continue
        if plausible(of, match["v"]) and not (of in _FALSE and _FALSE[of].search(match[0])):
            yield match["v"]


def plausible(of: str, version: str) -> bool:
    """Whether that thing could have that version: a whole number alone says little."""
    head = version.partition(".")[0].partition("-")[0]
    number = int(re.match(r"\d+", head)[0])  # type: ignore[index]  # the pattern begins with a digit
    if number > _TOP.get(of, 9999) or number < _LEAST.get(of, 0):
        return False
    return "." in version or of in _BARE


def capability_of(gpu: str) -> str:
    """The compute capability of a GPU's name as people write it, "" where it is not known."""
    for name in (gpu, f"GeForce {gpu}", f"NVIDIA {gpu}", f"NVIDIA GeForce {gpu}"):
        model = gpus.model_of(name)
        if model is not None:
            return str(model.compute_capability)
    card = gpus.capability_of_card(gpu)
    return "" if card is None else str(card)


def _hardware(line: str, lowered: str) -> Iterator[tuple[str, str]]:
    if (
        "/cuda-" in lowered
        or "release" in lowered
        or "\\cuda\\" in lowered
        or "cuda-toolkit-" in lowered
        or _MODULE.search(lowered)
    ):
        yield from (("cuda", match["v"] or match["w"].replace("-", ".")) for match in _CUDA_PATH.finditer(line))
    for match in _CC.finditer(line) if _CC_HINT.search(lowered) else ():
        if "minimum" in lowered[max(0, match.start() - 60) : match.start()]:
            continue
        digits = match["sm"]
        dotted = match["v"] or (f"{match['major']}.{match['minor']}" if match["major"] else "")
        if dotted:
            yield "capability", dotted
        elif digits and "arch" not in lowered:
            yield "target", f"{digits[:-1]}.{digits[-1]}"
    for match in _GPU.finditer(line) if _GPU_HINT.search(lowered) else ():
        if match["word"]:
            yield "gpu", match["word"]
        elif match["bare"]:
            line_of = "GTX" if match["bare"].startswith("1") else "RTX"
            yield "gpu", f"{line_of} {match['bare']}" + (" Ti" if match["ti"] else "")
        else:
            mobile = " Mobile" if match["mobile"] else ""
            suffix = f" {match['suffix']}" if match["suffix"] else ""
            yield "gpu", f"{match['line'].upper()} {match['n']}{suffix}{mobile}"
