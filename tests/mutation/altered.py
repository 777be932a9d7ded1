"""A copy of a recorded machine, to be broken: its files, its document and the answers of its driver.

Nothing of kdoctor's facts is edited: a fault changes what the machine's folder holds, and the probes, the loader and
the rules then run on it as on any other recorded machine.
"""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Any

import msgspec

from kdoctor.host.machine import BY_HAND, BY_RECORDER, ROOT
from tests.recorded import FOLDER, machine_of

if TYPE_CHECKING:
    from pathlib import Path

NVML, CUDA, PYTHON = "nvml@own", "libcuda@examined", "interpreter@examined"
ERRORS = {100: "CUDA_ERROR_NO_DEVICE", 802: "CUDA_ERROR_SYSTEM_NOT_READY", 803: "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}
ERRORS[999] = "CUDA_ERROR_UNKNOWN"
NVML_ERRORS = {4: "Insufficient Permissions", 9: "Driver Not Loaded", 18: "RM has detected an NVML/RM version mismatch"}
MODULE = "/proc/driver/nvidia/version"
BUS = "/sys/bus/pci/devices"
BUILD_INFO = "python/platform/build_info.py"


class UnfitError(Exception):
    """The fault does not exist on this machine: there is nothing that it could break."""


class Altered:
    """One machine in a folder of its own; ``save`` writes the document that a Host reads."""

    def __init__(self, name: str, folder: Path) -> None:
        """Copy the machine into a folder that does not exist yet."""
        self.name = name
        self.folder = folder
        self.root = folder / ROOT
        shutil.copytree(FOLDER / name / ROOT, self.root, symlinks=True)
        self.document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(machine_of(name)))
        self._says: dict[str, tuple[int, int]] = {}

    # ---- the document

    @property
    def environ(self) -> dict[str, str]:
        """The variables of the user's shell."""
        found: dict[str, str] = self.document["environ"]
        return found

    @property
    def names(self) -> dict[str, list[str]]:
        """Directory to names in it that have no file under the root."""
        found: dict[str, list[str]] = self.document["names"]
        return found

    @property
    def elves(self) -> dict[str, dict[str, Any]]:
        """Path to the headers of a library."""
        found: dict[str, dict[str, Any]] = self.document["elf"]
        return found

    @property
    def nodes(self) -> dict[str, dict[str, Any]]:
        """The device nodes."""
        found: dict[str, dict[str, Any]] = self.document["nodes"]
        return found

    def answer(self, key: str) -> dict[str, Any]:
        """What a child answered; UnfitError where it was not asked."""
        text = self.document["answers"].get(key)
        if text is None:
            raise UnfitError(f"there is no answer of {key}")
        found: dict[str, Any] = msgspec.json.decode(text)
        return found

    def change_answer(self, key: str, **values: object) -> None:
        """Replace members of an answer."""
        text = msgspec.json.encode({**self.answer(key), **values}).decode()
        self.document["answers"][key] = text

    # ---- files

    def place(self, path: str) -> Path:
        """Where a path of the machine is on this one."""
        return self.root / path.lstrip("/")

    def exists(self, path: str) -> bool:
        """Whether anything of the machine has that path."""
        parent, _, name = path.rpartition("/")
        listed = {entry.rstrip("/") for entry in self.names.get(parent, ())}
        told = (self.elves, self.nodes, self.names)
        return os.path.lexists(self.place(path)) or name in listed or any(path in table for table in told)

    def write(self, path: str, text: str) -> None:
        """A file with that text, whatever was there."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_text(text, encoding="utf-8")

    def read(self, path: str) -> str:
        """The text of a file; UnfitError where there is none."""
        if not self.place(path).is_file():
            raise UnfitError(f"there is no {path}")
        return self.place(path).read_text(encoding="utf-8")

    def link(self, path: str, target: str) -> None:
        """A link to a name in its own directory, or to an absolute path."""
        place = self.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def remove(self, path: str) -> None:
        """Take away a file, a link or a directory with all that is in it; UnfitError where there is nothing."""
        if not self.exists(path):
            raise UnfitError(f"there is no {path}")
        place = self.place(path)
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        for table in (self.names, self.elves, self.nodes, self.document["not_elf"]):
            for key in [key for key in table if key == path or key.startswith(f"{path}/")]:
                del table[key]
        parent, _, name = path.rpartition("/")
        if parent in self.names:
            self.names[parent] = [entry for entry in self.names[parent] if entry.rstrip("/") != name]

    def rename_library(self, old: str, new: str, **headers: object) -> None:
        """Give a library another path."""
        if old not in self.elves:
            raise UnfitError(f"there is no library {old}")
        self.elves[new] = {**self.elves.pop(old), **headers}
        if os.path.lexists(self.place(old)):
            self.place(old).unlink()
            self.write(new, "")

    def libraries(self, start: str) -> list[str]:
        """Paths of libraries whose name starts so, links and files."""
        files = [f"/{path.relative_to(self.root)}" for path in self.root.rglob(f"{start}*")]
        return sorted({*files, *(path for path in self.elves if path.rpartition("/")[2].startswith(start))})

    # ---- the environment

    @property
    def site(self) -> str:
        """The site-packages directory of the examined environment."""
        found = [entry for entry in self.answer(PYTHON)["sys_path"] if entry.endswith("/site-packages")]
        if not found:
            raise UnfitError("the environment has no site-packages")
        return str(found[-1])

    def distributions(self) -> dict[str, str]:
        """Normalised name to version, of the environment."""
        listed = (re.match(r"(.+?)-([^-]+)\.dist-info/$", entry) for entry in self.names.get(self.site, ()))
        return {match[1].replace("_", "-").lower(): match[2] for match in listed if match}

    def version(self, name: str) -> str:
        """The version of a distribution; UnfitError where it is not installed."""
        found = self.distributions().get(name)
        if found is None:
            raise UnfitError(f"{name} is not installed")
        return found

    def install(self, name: str, version: str, *, folder: str = "") -> None:
        """Metadata of a distribution, beside whatever is there."""
        entry = f"{name.replace('-', '_')}-{version}.dist-info"
        self.names.setdefault(folder or self.site, []).append(f"{entry}/")
        self.names[f"{folder or self.site}/{entry}"] = ["METADATA"]

    def uninstall(self, name: str) -> None:
        """Take the metadata of a distribution away."""
        self.remove(f"{self.site}/{name.replace('-', '_')}-{self.version(name)}.dist-info")

    def replace(self, name: str, version: str) -> None:
        """Another version of an installed distribution."""
        self.uninstall(name)
        self.install(name, version)

    # ---- the driver

    def driver_says(self, depth: int, *, cuda: int | None = None, nvml: int | None = None) -> None:
        """What cuInit and nvmlInit return; of several faults the deepest decides, which is the lowest number."""
        for key, code in ((CUDA, cuda), (NVML, nvml)):
            if code is not None and key in self.document["answers"]:
                self._says[key] = min(self._says.get(key, (99, 0)), (depth, code))

    def save(self) -> Path:
        """Write the document, and what the driver answers as it is now."""
        for key, (_, code) in self._says.items():
            if key == CUDA:
                self.change_answer(key, init_code=code, init_error=ERRORS[code], devices=[])
            else:
                self.change_answer(key, error_code=code, error=NVML_ERRORS[code], devices=[])
        assert not (self.folder / BY_HAND).exists()
        (self.folder / BY_RECORDER).write_bytes(msgspec.json.encode(self.document))
        return self.folder
