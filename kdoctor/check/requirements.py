"""What a requirement such as ``driver>=535`` means: its subject, how values are compared, and with what.

Input: a text of the user's, from the command line or a configuration. A misspelt one raises Trouble with the nearest
names; nothing is guessed.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kdoctor.model.trouble import Trouble

Kind = Literal["version", "count", "memory", "word"]


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What can be required: ``words`` are the values that there are, () for any; ``pip``: what installs it."""

    title: str
    kind: Kind
    words: tuple[str, ...] = ()
    pip: str = ""


SUBJECTS: Mapping[str, Subject] = {
    "gpu": Subject(title="the number of usable GPUs", kind="count"),
    "compute_capability": Subject(title="the GPUs' compute capability", kind="version"),
    "memory": Subject(title="the GPUs' memory", kind="memory"),
    "driver": Subject(title="the driver release", kind="version"),
    "driver.cuda": Subject(title="the driver's CUDA version", kind="version"),
    "cuda": Subject(title="the CUDA runtime", kind="version"),
    "cudnn": Subject(title="cuDNN", kind="version"),
    "nccl": Subject(title="NCCL", kind="version"),
    "tensorflow": Subject(title="TensorFlow", kind="version", pip="tensorflow[and-cuda]"),
    "jax": Subject(title="JAX", kind="version", pip="jax"),
    "torch": Subject(title="PyTorch", kind="version", pip="torch"),
    "keras": Subject(title="Keras", kind="version", pip="keras"),
    "keras.backend": Subject(title="Keras's backend", kind="word", words=("tensorflow", "jax", "torch")),
    "python": Subject(title="Python", kind="version"),
    "glibc": Subject(title="glibc", kind="version"),
    "kdoctor": Subject(title="kdoctor", kind="version", pip="keras-doctor"),
    "os": Subject(title="the operating system", kind="word", words=("linux", "macos", "windows")),
    "platform": Subject(
        title="the platform",
        kind="word",
        words=("linux-x86_64", "linux-aarch64", "macos-arm64", "macos-x86_64", "windows-amd64"),
    ),
}
PACKAGE = "package"
UNITS = {"b": 1, "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
UNITS |= {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip
LONGEST = 200
_SHAPE = re.compile(r"\s*(?P<name>[A-Za-z][\w.-]*(?::[\w.-]+)?)\s*(?P<rest>[=!<>~].*)?\Z", re.ASCII | re.DOTALL)
_TERM = re.compile(r"\s*(?P<operator>==|!=|>=|<=|>|<)\s*(?P<value>[^\s=!<>~][^=!<>~]*?)\s*\Z", re.DOTALL)
_SIZE = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,6})?)\s*(?P<unit>[A-Za-z]+)?\Z", re.ASCII)


class Required(msgspec.Struct, frozen=True, kw_only=True):
    """A requirement that is understood. ``terms``: operator and value, for what is no version."""

    text: str
    name: str
    subject: Subject
    needed: str
    by: str
    versions: SpecifierSet = msgspec.field(default_factory=SpecifierSet)
    terms: tuple[tuple[str, str], ...] = ()

    def met_by(self, value: str) -> bool | None:
        """Whether one value is as required; None where it is no value of that kind."""
        if self.subject.kind == "version":
            try:
                return self.versions.contains(Version(value), prereleases=True)
            except InvalidVersion:
                return None
        if self.subject.kind == "word":
            return all((value == wanted) == (sign == "==") for sign, wanted in self.terms)
        return all(COMPARE[sign](int(value), _number(self.subject.kind, wanted)) for sign, wanted in self.terms)


def read_requirement(text: str, by: str) -> Required:
    """What a text requires; ``by``: the option or file that it is from. Raises Trouble with exit code 2."""
    shape = _SHAPE.match(text) if len(text) <= LONGEST else None
    if shape is None:
        raise _trouble(text, by, "expected NAME, or NAME with an operator and a value, such as driver>=535")
    name = shape["name"].lower()
    subject = _subject(name, text, by)
    if ":" in name:
        name = f"{PACKAGE}:{canonicalize_name(name.partition(':')[2])}"
    needed = " ".join((shape["rest"] or "").split())
    found = Required(text=" ".join(text.split()), name=name, subject=subject, needed=needed, by=by)
    if not needed:
        return _bare(found, text, by)
    if subject.kind == "version":
        return msgspec.structs.replace(found, versions=_specifiers(needed, text, by))
    terms = tuple(_term(part, subject, text, by) for part in needed.split(","))
    return msgspec.structs.replace(found, terms=terms)


def _subject(name: str, text: str, by: str) -> Subject:
    if name.startswith(f"{PACKAGE}:"):
        distribution = name.partition(":")[2]
        return Subject(title=f"the package {distribution}", kind="version", pip=distribution)
    subject = SUBJECTS.get(name)
    if subject is None:
        near = difflib.get_close_matches(name, [*SUBJECTS, PACKAGE], n=2, cutoff=0.6)
        means = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(SUBJECTS)}."
        hint = f"{means} Any other distribution: `package:{name.partition(':')[2] or name}`."
        raise _trouble(text, by, f"there is nothing called {name!r} to require", hint)
    return subject


def _bare(found: Required, text: str, by: str) -> Required:
    """A name alone: that it is there at all."""
    if found.subject.kind == "count":
        return msgspec.structs.replace(found, needed=">=1", terms=((">=", "1"),))
    if found.subject.kind == "version":
        return msgspec.structs.replace(found, needed="any")
    raise _trouble(text, by, f"{found.name} needs an operator and a value, such as {_example(found.name)}")


def _example(name: str) -> str:
    return {"memory": "memory>=16GiB", "os": "os==linux", "platform": "platform==linux-x86_64"}.get(
        name, "keras.backend==jax"
    )


def _specifiers(needed: str, text: str, by: str) -> SpecifierSet:
    try:
        found = SpecifierSet(needed)
    except InvalidSpecifier as error:
        hint = "Operators are ==, !=, >=, <=, >, < and ~=; several are joined by commas, as in >=2.16,<2.20."
        raise _trouble(text, by, f"{needed!r} is no comparison of versions", hint) from error
    if any(one.operator == "===" for one in found) or not all(one.version for one in found):
        raise _trouble(text, by, f"{needed!r} is no comparison of versions")
    return found


def _term(part: str, subject: Subject, text: str, by: str) -> tuple[str, str]:
    term = _TERM.match(part)
    if term is None:
        raise _trouble(text, by, f"{part.strip()[:40]!r}: expected an operator of ==, !=, >=, <=, >, < and a value")
    sign, value = term["operator"], term["value"]
    if subject.kind == "word":
        return _word(sign, value.lower(), subject, text, by)
    if subject.kind == "count" and not re.fullmatch(r"\d{1,6}", value, re.ASCII):
        raise _trouble(text, by, f"{value[:40]!r} is no whole number")
    if subject.kind == "memory":
        size = _SIZE.match(value)
        if size is None or (size["unit"] or "").lower() not in UNITS:
            raise _trouble(text, by, f"{value[:40]!r} is no size", "Write 16GiB (2**30 bytes), 16GB (10**9) or 800MiB.")
    return sign, value


def _word(sign: str, value: str, subject: Subject, text: str, by: str) -> tuple[str, str]:
    if sign not in ("==", "!="):
        raise _trouble(text, by, f"{subject.title} can be compared with == and != only")
    if value not in subject.words:
        near = difflib.get_close_matches(value, subject.words, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(subject.words)}."
        raise _trouble(text, by, f"{subject.title} is never {value[:40]!r}", hint)
    return sign, value


def _number(kind: Kind, value: str) -> int:
    """The whole number, or the bytes, of a value that ``read_requirement`` has let through.

    >>> _number("memory", "1.5GiB"), _number("count", "2")
    (1610612736, 2)
    """
    size = _SIZE.match(value)
    if kind == "count" or size is None:
        return int(value)
    return round(float(size["number"]) * UNITS[(size["unit"] or "b").lower()])


def _trouble(text: str, by: str, message: str, hint: str = "") -> Trouble:
    shown = text if len(text) <= LONGEST // 2 else f"{text[: LONGEST // 2]}..."
    return Trouble("requirement-not-understood", f"{by} {shown!r}: {message}", hint=hint, code=2)


def joined(*groups: tuple[Required, ...]) -> tuple[Required, ...]:
    """All requirements; of one subject those of the last group that has it, as the command line beats a file."""
    last = {one.name: number for number, group in enumerate(groups) for one in group}
    return tuple(dict.fromkeys(one for number, group in enumerate(groups) for one in group if last[one.name] == number))
