"""A conda channel made from the standard library, and a loopback server that fails in every way a channel can.

The stub `python` package is a venv's skeleton whose interpreter is a link to the running one, so an environment made
from it really runs.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

PLACEHOLDER = "/opt/" + "placehold_" * 20
MACHINE = (("__unix", "0"), ("__linux", "6.1"), ("__glibc", "2.36"), ("__archspec", "1"))
STAMP = 1735689600000


class StandIn:
    """A channel in a directory; ``write`` the index after the last package."""

    def __init__(self, root: Path) -> None:
        """An empty channel."""
        self.root = root
        self.rows: dict[str, dict[str, dict[str, object]]] = {"linux-64": {}, "noarch": {}}

    @property
    def url(self) -> str:
        return f"file://{self.root}"

    def add(
        self,
        name: str,
        version: str = "1.0",
        build: str = "0",
        *,
        depends: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        links: Mapping[str, str] | None = None,
        paths: Sequence[str] | None = None,
        noarch: bool = False,
        timestamp: int = STAMP,
    ) -> str:
        """Write a package and return its file name; ``paths``: what it claims to bring, if not the truth."""
        subdir = "noarch" if noarch else "linux-64"
        index: dict[str, object] = {
            "name": name, "version": version, "build": build, "build_number": 0, "depends": list(depends),
            "subdir": subdir, "timestamp": timestamp,
        }  # fmt: skip
        members = {path: text.encode() for path, text in (files or {}).items()}
        rows = [_row(path, members.get(path, b"")) for path in ([*members, *(links or {})] if paths is None else paths)]
        for row in rows:
            if str(row["_path"]) in (links or {}):
                row["path_type"] = "softlink"
        info = {"index.json": index, "paths.json": {"paths": rows, "paths_version": 1}}
        if noarch:
            index["noarch"] = "python"
            info["link.json"] = {"noarch": {"type": "python"}, "package_metadata_version": 1}
        packed = {f"info/{one}": json.dumps(value).encode() for one, value in info.items()}
        file_name = f"{name}-{version}-{build}.tar.bz2"
        data = _tar({**packed, **members}, links or {})
        (self.root / subdir).mkdir(parents=True, exist_ok=True)
        (self.root / subdir / file_name).write_bytes(data)
        hashes = {"sha256": hashlib.sha256(data).hexdigest(), "md5": hashlib.md5(data).hexdigest()}  # noqa: S324
        self.rows[subdir][file_name] = {**index, **hashes, "size": len(data)}
        return file_name

    def write(self) -> StandIn:
        """Write the index of each subdir."""
        for subdir, rows in self.rows.items():
            folder = self.root / subdir
            folder.mkdir(parents=True, exist_ok=True)
            document = {"info": {"subdir": subdir}, "packages": rows, "packages.conda": {}, "repodata_version": 1}
            (folder / "repodata.json").write_text(json.dumps(document), encoding="utf-8")
        return self

    def python(self, version: str = "3.11.9") -> None:
        """A python that runs: the interpreter of the tests, seen from the prefix."""
        short = version.rpartition(".")[0]
        real = os.path.realpath(sys.executable)
        config = f"home = {Path(real).parent}\ninclude-system-site-packages = false\nversion = {version}\n"
        site = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages/here.py"
        self.add(
            "python",
            version,
            files={"pyvenv.cfg": config, site: "fine = True\n", "bin/hello": f"#!/bin/sh\necho {PLACEHOLDER}\n"},
            links={"bin/python": "python3", "bin/python3": f"python{short}", f"bin/python{short}": real},
        )


def _row(path: str, data: bytes) -> dict[str, object]:
    row: dict[str, object] = {"_path": path, "path_type": "hardlink", "size_in_bytes": len(data)}
    row["sha256"] = hashlib.sha256(data).hexdigest()
    if PLACEHOLDER.encode() in data:
        row.update(prefix_placeholder=PLACEHOLDER, file_mode="text")
    return row


def _tar(files: Mapping[str, bytes], links: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:bz2", compresslevel=1) as tar:
        for path, target in links.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def keras_channel(root: Path) -> StandIn:
    """TensorFlow as conda-forge has it, in small: CUDA builds that need `__cuda`, and a CPU build of the same."""
    channel = StandIn(root)
    channel.python("3.11.9")
    channel.python("3.12.4")
    for version, cuda, minors in (("2.18.0", "12.6", (11,)), ("2.19.0", "12.9", (11, 12))):
        for minor in minors:
            depends = [f"python 3.{minor}.*", f"__cuda >={cuda}", "libthing"]
            build = f"cuda{cuda.replace('.', '')}py3{minor}h1_200"
            channel.add("tensorflow", version, build, depends=depends, files={f"lib/tf{version}.txt": build})
    channel.add("tensorflow", "2.19.0", "cpu_py310h1_0", depends=["libthing"])
    channel.add("tensorflow", "2.20.0", "cpu_py311h1_0", depends=["python 3.11.*"], timestamp=STAMP + 10**9)
    channel.add("libthing", files={f"lib/part{index}.txt": str(index) for index in range(200)})
    channel.add(
        "keras", "3.8.0", depends=["python >=3.9"], files={"site-packages/keras.py": "three = 3\n"}, noarch=True
    )
    channel.add("extra", files={"share/extra.txt": PLACEHOLDER})
    return channel.write()


class Failing(http.server.SimpleHTTPRequestHandler):
    """Serves a directory; ``modes``: the end of a path to how it fails."""

    modes: ClassVar[dict[str, str]]
    seen: ClassVar[list[tuple[str, str]]]
    secret: ClassVar[str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        if self._mode() in ("", "slow"):
            super().do_HEAD()
        else:
            self.send_error(404)

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        mode = self._mode()
        if self.secret and self.headers.get("Authorization") != self.secret:
            mode = "401"
        if mode.isdigit():
            self.send_error(int(mode))
        elif mode:
            self._fail(mode)
        else:
            super().do_GET()

    def _mode(self) -> str:
        return next((mode for end, mode in self.modes.items() if self.path.endswith(end)), "")

    def _fail(self, mode: str) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        if mode == "corrupt":
            data = data[: len(data) // 2] + bytes(reversed(data[len(data) // 2 :]))
        if mode == "other":
            data = (Path(self.translate_path(self.path)).parent / "extra-1.0-0.tar.bz2").read_bytes()
        if mode == "garbage":
            data = b"this is no archive" * 20
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if mode == "hang":
            time.sleep(20)
        self.wfile.write(data[: len(data) // 2] if mode == "truncate" else data)
        self.wfile.flush()
        self.close_connection = True


class Served:
    """A running server: its address, how it fails, what was asked of it."""

    def __init__(self, url: str, modes: dict[str, str], seen: list[tuple[str, str]]) -> None:
        """Hold what the handler shares."""
        self.url, self.modes, self.seen = url, modes, seen


@contextmanager
def serving(root: Path, secret: str = "") -> Iterator[Served]:
    """Serve a channel on the loopback."""
    modes: dict[str, str] = {}
    seen: list[tuple[str, str]] = []
    kind = type("Handler", (Failing,), {"modes": modes, "seen": seen, "secret": secret})

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that leaves early is what some tests want."""

    server = Quiet(("127.0.0.1", 0), lambda *given: kind(*given, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_address[1]}", modes, seen)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
