"""The requirement texts of the tables, as specifiers for one Python.

Input: a text such as ``>=1.23.5,<2.0.0 ; python_version <= "3.11" | >=1.26.0,<2.0.0 ; python_version >= "3.12"``:
parts between bars, each with an optional marker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

if TYPE_CHECKING:
    from kdoctor.model.version import PythonVersion


def range_for(text: str, python: PythonVersion) -> SpecifierSet:
    """The range that all parts for ``python`` allow together; without any such part, everything."""
    holding = SpecifierSet()
    for part in text.split("|"):
        specifiers, _, marker = part.partition(";")
        if not marker or Marker(marker.strip()).evaluate({"python_version": python.short}):
            holding &= SpecifierSet(specifiers.strip())
    return holding
