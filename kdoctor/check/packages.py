"""Do the packages and interpreters that a text names fit each other? NumPy, protobuf and h5py against TensorFlow."""

from __future__ import annotations

import re

from kdoctor.check.said import Signs, Text, version_of
from kdoctor.knowledge import tensorflow
from kdoctor.model.facts.symptoms import Line

_CHECKED = ("numpy", "protobuf", "h5py")
_PREFIX = re.compile(
    r"(?i)(?P<prefix>(?:[A-Z]:\\|~?/)[^\s\"'()<>|,;=]*?)"
    r"(?:[\\/](?:s?bin|Scripts))?[\\/](?:python|ipython|pip|jupyter)[\d.]*(?:\.exe)?(?![\w.\\/-])"
    r"|\bfrom (?P<site>\S+?)[\\/](?:lib[\\/](?:python[\d.]+[\\/])?)?(?:site|dist)-packages"
)
_LAUNCHER = re.compile(r"\(python (?P<version>\d\.\d+)\)|[\\/]python(?P<path>\d\.\d+)")


def packages(text: Text) -> Signs:
    """``numpy-breaks-tensorflow`` and the like, where TensorFlow is known not to work with what is stated."""
    for package in _CHECKED:
        for value, where in text.stated(package):
            installed = version_of(value)
            for version, line in text.stated("tensorflow"):
                release = version_of(version)
                if installed and release and tensorflow.broken_by(package, installed, release) is not None:
                    yield f"{package}-breaks-tensorflow", (where, line)


def interpreters(text: Text) -> Signs:
    """``two-interpreters``: paths of Pythons in two places, or pips of two Python versions."""
    places: dict[str, Line] = {}
    versions: dict[str, Line] = {}
    for line in text.lines("interpreter-path"):
        for match in _PREFIX.finditer(line.text):
            prefix = (match["prefix"] or match["site"] or "").replace("\\", "/").rstrip("/").lower()
            places.setdefault(prefix, line)
    for line in (*text.lines("interpreter-path"), *text.lines("package-location")):
        for match in _LAUNCHER.finditer(line.text):
            versions.setdefault(match["version"] or match["path"], line)
    for found in (places, versions):
        if len(found) > 1:
            yield "two-interpreters", tuple(found.values())[:2]
