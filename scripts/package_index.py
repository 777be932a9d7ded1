"""Read the package index that pip is configured for: the files of a package, and the metadata of a wheel.

Input: pip's configuration (``PIP_INDEX_URL`` and the files that ``pip config`` reads). Metadata comes from the file
beside the wheel where the index offers one, else from the end of the wheel by range requests; no whole wheel is loaded.
"""

from __future__ import annotations

import email
import io
import json
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile
from dataclasses import dataclass
from html.parser import HTMLParser

_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 60
_BLOCK = 65_536
_PARTIAL_CONTENT = 206


class IndexUnreadableError(Exception):
    """The index could not be read; the text says what and why in one line."""


@dataclass(frozen=True)
class File:
    """A file on the index; ``has_metadata``: its metadata can be had without it."""

    name: str
    url: str
    yanked: bool = False
    has_metadata: bool = False


@dataclass(frozen=True)
class Metadata:
    """What the metadata of a wheel says."""

    requires_python: str
    requires_dist: tuple[str, ...]


@dataclass(frozen=True)
class PackageIndex:
    """An index with simple pages below ``url``."""

    url: str
    tls: ssl.SSLContext

    @classmethod
    def configured(cls) -> PackageIndex:
        """The index that pip would ask."""
        options = _pip_options()
        url = options.get("index-url") or _default_url()
        try:
            return cls(url.rstrip("/"), ssl.create_default_context(cafile=options.get("cert")))
        except OSError as error:
            message = f"the certificate file of pip's configuration cannot be read: {error}"
            raise IndexUnreadableError(message) from error

    def files(self, package: str) -> list[File]:
        """The files of ``package``."""
        url = f"{self.url}/{package}/"
        body, kind, _ = self._get(url, f"the page of {package}", {"Accept": f"{_JSON}, text/html;q=0.1"})
        try:
            files = files_of_page(body, kind, url)
        except (ValueError, KeyError, TypeError) as error:
            message = f"the page of {package} on the package index is not a simple page: {error}"
            raise IndexUnreadableError(message) from error
        if not files:
            message = f"the page of {package} on the package index lists no file"
            raise IndexUnreadableError(message)
        return files

    def metadata(self, file: File) -> Metadata:
        """The metadata of a wheel."""
        if file.has_metadata:
            text, _, _ = self._get(f"{file.url}.metadata", f"the metadata of {file.name}", {})
        else:
            text = self._metadata_in_wheel(file)
        message = email.message_from_bytes(text)
        return Metadata(message.get("Requires-Python", ""), tuple(message.get_all("Requires-Dist", [])))

    def _metadata_in_wheel(self, file: File) -> bytes:
        reader = io.BufferedReader(_RemoteWheel(self, file), _BLOCK)  # type: ignore[type-var]  # its protocol wants a mode
        try:
            with zipfile.ZipFile(reader) as wheel:
                name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
                return wheel.read(name)
        except (zipfile.BadZipFile, StopIteration) as error:
            message = f"{file.name} on the package index is not a wheel"
            raise IndexUnreadableError(message) from error

    def get_part(self, file: File, part: str) -> tuple[bytes, int]:
        """The bytes ``part`` (as in a Range header) of a file, and the size of the whole file."""
        body, _, sizes = self._get(file.url, f"a part of {file.name}", {"Range": f"bytes={part}"})
        if sizes is None:
            message = f"the package index has no metadata beside {file.name} and sends no parts of it"
            raise IndexUnreadableError(message)
        return body, sizes

    def _get(self, url: str, what: str, headers: dict[str, str]) -> tuple[bytes, str, int | None]:
        if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
            message = f"{what}: only an http or https index can be compared"
            raise IndexUnreadableError(message)
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked above
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=self.tls) as answer:  # noqa: S310
                if "Range" in headers and answer.status != _PARTIAL_CONTENT:
                    return b"", "", None
                size = int(answer.headers.get("Content-Range", "/0").rpartition("/")[2])
                return answer.read(), answer.headers.get("Content-Type", ""), size
        except OSError as error:
            message = f"{what} could not be read from the package index: {error}"
            raise IndexUnreadableError(message) from error


class _RemoteWheel(io.RawIOBase):
    """A wheel on the index as a seekable file."""

    def __init__(self, index: PackageIndex, file: File) -> None:
        self._index = index
        self._file = file
        self._place = 0
        _, self._size = index.get_part(file, "0-0")

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = start + offset
        return self._place

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # BufferedReader passes a memoryview
        end = min(self._place + len(buffer), self._size)
        if end <= self._place:
            return 0
        body, _ = self._index.get_part(self._file, f"{self._place}-{end - 1}")
        buffer[: len(body)] = body
        self._place += len(body)
        return len(body)


class _SimplePage(HTMLParser):
    """Collects the links of a simple page in HTML."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.files: list[File] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            url, _ = urllib.parse.urldefrag(urllib.parse.urljoin(self._url, given["href"]))
            name = urllib.parse.unquote(url.rpartition("/")[2])
            has_metadata = "data-core-metadata" in given or "data-dist-info-metadata" in given
            self.files.append(File(name, url, yanked="data-yanked" in given, has_metadata=has_metadata))


def files_of_page(body: bytes, content_type: str, url: str) -> list[File]:
    """The files that a simple page at ``url`` lists, in JSON or HTML."""
    return _from_json(body, url) if "json" in content_type else _from_html(body, url)


def _from_html(body: bytes, url: str) -> list[File]:
    page = _SimplePage(url)
    page.feed(body.decode("utf-8"))
    return page.files


def _from_json(body: bytes, url: str) -> list[File]:
    return [
        File(
            row["filename"],
            urllib.parse.urljoin(url, row["url"]),
            yanked=bool(row.get("yanked")),
            has_metadata=bool(row.get("core-metadata")),
        )
        for row in json.loads(body)["files"]
    ]


def _pip_options() -> dict[str, str]:
    """Options of pip by name; what the environment sets wins, then what is set for ``install``."""
    argv = (sys.executable, "-m", "pip", "config", "list")
    try:
        listed = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        message = f"pip cannot be asked for its configuration: {error}"
        raise IndexUnreadableError(message) from error
    found: dict[str, str] = {}
    lines = [line.partition("=") for line in listed.splitlines()]
    for section in ("global.", "install.", ":env:."):
        found |= {key[len(section) :]: text.strip("'\"") for key, _, text in lines if key.startswith(section)}
    return found


def _default_url() -> str:
    argv = (sys.executable, "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)")
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    if ran.returncode:
        message = "pip does not tell its default index: set PIP_INDEX_URL"
        raise IndexUnreadableError(message)
    return ran.stdout.strip()
