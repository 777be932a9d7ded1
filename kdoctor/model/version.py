"""Versions as types: parsed at the edge, compared inside, printed as they were read.

A driver release, the driver's CUDA version, a CUDA runtime and a CUDA toolkit are four different things;
``DriverRelease`` and ``CudaVersion`` keep the first apart from the others in every signature.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import TypeVar

_Self = TypeVar("_Self", bound="Dotted")
_STEM = re.compile(r"[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*\Z")
_SUFFIX = re.compile(r"\.\d+(?:\.\d+)*\Z", re.ASCII)
_MAX_DIGITS = 9


class Dotted:
    """A dotted number such as ``535.183.01``; missing parts count as zero, the text is kept as read."""

    __slots__ = ("parts", "text")

    parts: tuple[int, ...]
    text: str

    def __init__(self, text: str) -> None:
        """Read ``text``; raises ValueError if it is not digits joined by dots."""
        text = text.strip()
        numbers = text.split(".")
        # str.isdecimal also takes digits of other scripts, and int takes signs and underscores.
        if not text.isascii() or not all(part.isdecimal() and len(part) <= _MAX_DIGITS for part in numbers):
            message = f"not a dotted version: {text[:40]!r}"
            raise ValueError(message)
        self.text = text
        self.parts = tuple(map(int, numbers))

    @classmethod
    def parse(cls: type[_Self], text: str) -> _Self | None:
        """The version in ``text``, or None where it is not one."""
        try:
            return cls(text)
        except ValueError:
            return None

    @property
    def major(self) -> int:
        """The first number."""
        return self.parts[0]

    @property
    def minor(self) -> int:
        """The second number, 0 where there is none."""
        return self.parts[1] if len(self.parts) > 1 else 0

    @property
    def short(self) -> str:
        """``major.minor``."""
        return f"{self.major}.{self.minor}"

    def _order(self, other: Dotted) -> int:
        for mine, theirs in zip_longest(self.parts, other.parts, fillvalue=0):
            if mine != theirs:
                return -1 if mine < theirs else 1
        return 0

    def __eq__(self, other: object) -> bool:
        """Equal numbers; versions of different kinds are never equal."""
        return type(self) is type(other) and isinstance(other, Dotted) and self._order(other) == 0

    def __hash__(self) -> int:
        """Hash without trailing zeros, as 12 equals 12.0."""
        parts = self.parts
        while len(parts) > 1 and parts[-1] == 0:
            parts = parts[:-1]
        return hash((type(self), parts))

    def __lt__(self: _Self, other: _Self) -> bool:
        """Order by number."""
        return self._order(other) < 0

    def __le__(self: _Self, other: _Self) -> bool:
        """Order by number."""
        return self._order(other) <= 0

    def __gt__(self: _Self, other: _Self) -> bool:
        """Order by number."""
        return self._order(other) > 0

    def __ge__(self: _Self, other: _Self) -> bool:
        """Order by number."""
        return self._order(other) >= 0

    def __str__(self) -> str:
        """The text as read."""
        return self.text

    def __repr__(self) -> str:
        """``DriverRelease('535.183.01')``."""
        return f"{type(self).__name__}({self.text!r})"


class DriverRelease(Dotted):
    """The release of the NVIDIA driver, e.g. 535.183.01; ``major`` is its branch."""

    __slots__ = ()


class CudaVersion(Dotted):
    """A version of CUDA: what a driver supports, a runtime is, or a build wants; the field's name says which."""

    __slots__ = ()

    @classmethod
    def from_number(cls, number: int) -> CudaVersion:
        """From the number that cuDriverGetVersion returns: 12040 is 12.4."""
        return cls(f"{number // 1000}.{number % 1000 // 10}")


class CudnnVersion(Dotted):
    """A version of cuDNN, e.g. 9.3.0."""

    __slots__ = ()


class PythonVersion(Dotted):
    """A version of Python, e.g. 3.11.7."""

    __slots__ = ()


class SymbolVersion(Dotted):
    """The number in a symbol version such as GLIBC_2.27 or GLIBCXX_3.4.22."""

    __slots__ = ()


class ComputeCapability(Dotted):
    """The compute capability of a GPU, e.g. 8.6."""

    __slots__ = ()

    @property
    def digits(self) -> str:
        """``86``, as in the code target ``sm_86``."""
        return f"{self.major}{self.minor}"

    @classmethod
    def from_digits(cls, digits: str) -> ComputeCapability:
        """From the digits of a code target: 86 is 8.6 and 120 is 12.0."""
        return cls(f"{digits[:-1]}.{digits[-1]}")


class Soname:
    """The name by which a shared library is asked for, e.g. ``libcudart.so.12``."""

    __slots__ = ("name", "stem", "version")

    name: str
    stem: str
    version: str

    def __init__(self, name: str) -> None:
        """Read ``name``; raises ValueError if it is not of the form libNAME.so[.VERSION]."""
        stem, so, version = name.partition(".so")
        if not so or not _STEM.match(stem) or (version and not _SUFFIX.match(version)):
            message = f"not a soname: {name[:60]!r}"
            raise ValueError(message)
        self.name = name
        self.stem = stem
        self.version = version[1:]

    @classmethod
    def parse(cls, name: str) -> Soname | None:
        """The soname in ``name``, or None where it is not one."""
        try:
            return cls(name)
        except ValueError:
            return None

    def __eq__(self, other: object) -> bool:
        """Equal names."""
        return isinstance(other, Soname) and self.name == other.name

    def __hash__(self) -> int:
        """Hash of the name."""
        return hash(self.name)

    def __str__(self) -> str:
        """The name."""
        return self.name

    def __repr__(self) -> str:
        """``Soname('libcudart.so.12')``."""
        return f"Soname({self.name!r})"
