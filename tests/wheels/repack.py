"""A local conda channel of genuine packages: each distribution of an environment, and its Python, packed anew.

The layout is conda's own second format (a zip of zstandard tars). Dependencies are those of the wheels' metadata, by
name; an environment has one version of each.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import zstandard
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

STAMP = 1735689600000
LEFT_OUT = re.compile(r"/(site-packages|test|tests|__pycache__|idlelib|ensurepip|config-[^/]*|turtledemo)/")


class Repacked:
    """A channel in a directory; ``write`` the index after the last package."""

    def __init__(self, root: Path) -> None:
        """An empty channel."""
        self.root = root / "linux-64"
        self.root.mkdir(parents=True)
        (root / "noarch").mkdir()
        (root / "noarch/repodata.json").write_text('{"packages": {}}', encoding="utf-8")
        self.rows: dict[str, dict[str, object]] = {}

    def add(
        self,
        name: str,
        version: str,
        build: str,
        files: Mapping[str, Path | bytes],
        depends: Sequence[str] = (),
        links: Mapping[str, str] | None = None,
    ) -> None:
        """Pack files, by their path in the environment."""
        index: dict[str, object] = {
            "name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends),
            "subdir": "linux-64", "timestamp": STAMP,
        }  # fmt: skip
        rows = [_row(path, source) for path, source in files.items()]
        rows += [{"_path": path, "path_type": "softlink", "size_in_bytes": 0} for path in links or {}]
        info = {"info/index.json": index, "info/paths.json": {"paths": rows, "paths_version": 1}}
        stem = f"{name}-{version}-{build}"
        with zipfile.ZipFile(self.root / f"{stem}.conda", "w", zipfile.ZIP_STORED) as package:
            package.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
            package.writestr(f"pkg-{stem}.tar.zst", _packed(files, links or {}))
            said: dict[str, Path | bytes] = {path: json.dumps(value).encode() for path, value in info.items()}
            package.writestr(f"info-{stem}.tar.zst", _packed(said, {}))
        data = (self.root / f"{stem}.conda").read_bytes()
        self.rows[f"{stem}.conda"] = {**index, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}

    def write(self) -> str:
        """Write the index; gives the channel's URL."""
        document = {"info": {"subdir": "linux-64"}, "packages": {}, "packages.conda": self.rows, "repodata_version": 1}
        (self.root / "repodata.json").write_text(json.dumps(document), encoding="utf-8")
        return f"file://{self.root.parent}"


def python_of(base: Path, version: str) -> tuple[dict[str, Path | bytes], dict[str, str]]:
    """Files and links of an installed Python without its tests, tools and packages."""
    library = base / f"lib/python{version}"
    found = [path for path in library.rglob("*") if not LEFT_OUT.search(f"{path}/".removeprefix(str(base)))]
    found += [base / f"bin/python{version}", *base.glob(f"lib/libpython{version}.so*")]
    files: dict[str, Path | bytes] = {
        str(path.relative_to(base)): path for path in found if path.is_file() and not path.is_symlink()
    }
    files[f"lib/python{version}/site-packages/README.txt"] = b"Packages go here.\n"
    return files, {"bin/python": f"python{version}", "bin/python3": f"python{version}"}


def distributions(prefix: Path, version: str) -> Iterator[tuple[str, str, dict[str, Path | bytes], list[str]]]:
    """Name, version, files and dependencies of each distribution in an environment."""
    site = prefix / f"lib/python{version}/site-packages"
    found = {canonicalize_name(each.metadata["Name"]): each for each in metadata.distributions(path=[str(site)])}
    for name, each in found.items():
        (info,) = [path for path in site.glob("*.dist-info") if (path / "METADATA").exists() and _is_of(path, name)]
        rows = csv.reader(io.StringIO((info / "RECORD").read_text(encoding="utf-8")))
        paths = [row[0] for row in rows if row and not row[0].startswith("..") and "__pycache__" not in row[0]]
        place = f"lib/python{version}/site-packages"
        files: dict[str, Path | bytes] = {f"{place}/{path}": site / path for path in paths if (site / path).is_file()}
        files[f"{place}/{info.name}/INSTALLER"] = b"conda\n"
        wanted = [Requirement(text) for text in each.requires or ()]
        needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
        names = [canonicalize_name(one.name) for one in needed]
        yield name, each.version, files, [f"python {version}.*", *(one for one in names if one in found)]


def _is_of(info: Path, name: str) -> bool:
    return canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0]) == name


def _row(path: str, source: Path | bytes) -> dict[str, object]:
    data = source if isinstance(source, bytes) else source.read_bytes()
    row: dict[str, object] = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(data)}
    row["sha256"] = hashlib.sha256(data).hexdigest()
    return row


def _packed(files: Mapping[str, Path | bytes], links: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with (
        zstandard.ZstdCompressor(level=1).stream_writer(packed, closefd=False) as compressed,
        tarfile.open(fileobj=compressed, mode="w|") as tar,
    ):
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
        for path, source in files.items():
            data = source if isinstance(source, bytes) else source.read_bytes()
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()
