"""A text that is used and never shown, and URLs with what is secret in them taken out.

Nothing here looks at the machine. A URL is kept clean, as everybody may see it; the same URL with its user, password
and token is a ``Secret`` beside it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

import msgspec

_TOKEN = re.compile(r"/t/([A-Za-z0-9-]*)")
_SUBDIR = re.compile(
    r"/(?:noarch|(?:linux|osx|win|freebsd|emscripten|wasi|zos)-"
    r"(?:32|64|aarch64|arm64|armv[67]l|ppc64(?:le)?|riscv64|s390x|wasm32|z))(?=/|$)"
)
_SCHEME = re.compile(r"[a-z][a-z0-9]{0,11}://")


class Secret(msgspec.Struct, frozen=True, dict=True):
    """A text that neither ``repr`` nor JSON holds: it is no field.

    >>> Secret.of("pass-word"), Secret.of("pass-word").text
    (Secret(), 'pass-word')
    """

    @classmethod
    def of(cls, text: str) -> Secret:
        """Hide a text."""
        made = cls()
        made.__dict__["text"] = text
        return made

    @property
    def text(self) -> str:
        """The text itself, for who sends it."""
        hidden: str = self.__dict__["text"]
        return hidden

    def __eq__(self, other: object) -> bool:
        """Whether the texts are the same."""
        return isinstance(other, Secret) and self.text == other.text

    def __hash__(self) -> int:
        """By the text."""
        return hash(self.text)


def has_scheme(text: str) -> bool:
    """Whether it is a URL.

    >>> has_scheme("file:///srv/channel"), has_scheme("conda-forge/label/dev")
    (True, False)
    """
    return _SCHEME.match(text) is not None


def clean(url: str) -> str:
    """The URL without user, password and token, without a slash at its end and with its host in small letters.

    >>> clean("https://me:p@ss@Host:8443/api/t/tk-12/team/")
    'https://host:8443/api/team'
    """
    parts = urlsplit(_TOKEN.sub("", url, count=1))
    return urlunsplit((parts.scheme, _host(parts.netloc), parts.path.rstrip("/"), parts.query, ""))


def without_subdir(text: str) -> str:
    """A channel without the platform that may be written behind it.

    >>> without_subdir("https://host/team/linux-64")
    'https://host/team'
    """
    return _SUBDIR.sub("", text, count=1)


def user_of(url: str) -> str:
    """``user:password`` of a URL as it stands there, "" where it has none.

    >>> user_of("https://me:p@ss@host/channel")
    'me:p@ss'
    """
    return urlsplit(url).netloc.rpartition("@")[0]


def without_user(url: str) -> str:
    """The URL without user and password; a token stays."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _host(parts.netloc), parts.path.rstrip("/"), parts.query, ""))


def token_of(url: str) -> str:
    """The token in the path of a URL, "" where it has none."""
    found = _TOKEN.search(url)
    return found[1] if found else ""


def _host(netloc: str) -> str:
    return netloc.rpartition("@")[2].lower()
