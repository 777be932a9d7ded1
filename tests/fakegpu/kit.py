"""The product's fake driver for tests: which of its libraries a child process is to find, and what they answer.

In: an empty directory and a C compiler. Out: a `Kit`, whose `state` gives the environment variables for a child. They
count only if set before the child starts: the loader reads LD_LIBRARY_PATH once. A library that is not offered is not
hidden either: where the machine has a real driver, the loader goes on to that one (`real_driver`).

docs/fake.md lists the keys of a state.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from kdoctor.host import fake_driver
from kdoctor.host.fake_driver import LIBCUDA, NVML, real_driver
from kdoctor.model.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

Driver = Literal["both", "only-libcuda", "only-nvml", "none"]

OFFERED: dict[Driver, tuple[str, ...]] = {
    "both": (LIBCUDA, NVML),
    "only-libcuda": (LIBCUDA,),
    "only-nvml": (NVML,),
    "none": (),
}
WARNINGS_ARE_ERRORS = ("-Wall", "-Wextra", "-Werror")
__all__ = ["LIBCUDA", "NVML", "OFFERED", "Driver", "Kit", "build", "compiler", "real_driver"]


@dataclass(frozen=True, kw_only=True)
class Kit:
    """Built libraries: a folder of `directory` for each choice of `Driver`, and the states written so far."""

    directory: Path

    def libraries(self, driver: Driver = "both") -> Path:
        """Name the folder that holds these libraries and no other file."""
        return self.directory / driver

    def state(
        self, lines: Mapping[str, str | int] | None = None, /, *, driver: Driver = "both", **more: str | int
    ) -> dict[str, str]:
        """Write a state; give the variables under which a child finds the libraries and the state.

        Args:
            lines: keys and values; keys without a dot can be given by name instead: `state(device_count=2)`.
            driver: which libraries are offered.
            more: keys and values by name, which win.

        """
        text = "".join(f"{key}={value}\n" for key, value in {**(lines or {}), **more}.items())
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = self.directory / f"{name}.state"
        path.write_text(text)
        return {"LD_LIBRARY_PATH": str(self.libraries(driver)), "KDOCTOR_FAKE_GPU": str(path)}


def compiler() -> str:
    """Find the C compiler, or skip the test that asks."""
    try:
        return fake_driver.compiler()
    except Trouble as trouble:
        pytest.skip(str(trouble))


def build(directory: Path) -> Kit:
    """Compile both libraries, warnings being errors; also a folder that offers none."""
    compiler()
    fake_driver.build(directory, WARNINGS_ARE_ERRORS)
    (directory / "none").mkdir()
    return Kit(directory=directory)
