"""What both children that speak py-rattler are asked with, and what goes wrong in them, in one place.

Nothing here imports py-rattler: it is an extra, and it crashes; the children have it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from kdoctor.host import NotRun
from kdoctor.host.worker import Worked, work
from kdoctor.model.trouble import Trouble

EXTRA = "pip install 'keras-doctor[fix]'"
_ENVIRON = {"MALLOC_ARENA_MAX": "4", "LC_ALL": "C.UTF-8", "RUST_BACKTRACE": "0"}
_PASSWORD = re.compile(r"(?<=://)[^/\s]+@")
_TOKEN = re.compile(r"(https?://\S*?/t/)[^/\s]+")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How channels are reached, beside the credentials that rattler's and conda's own stores hold.

    ``mirrors``: the start of a URL to what is asked instead. ``headers``: host, or host and the start of a path
    without the slash at its end, to header to value. ``proxies``: scheme (http, https) to proxy. ``ca_file``:
    certificates to trust. Mirrors, headers and proxies may hold passwords, so none of them is shown.
    """

    mirrors: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    headers: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    proxies: Mapping[str, str] = msgspec.field(default_factory=dict)
    no_proxy: tuple[str, ...] = ()
    ca_file: str = ""
    tls_no_verify: bool = False

    def __repr__(self) -> str:
        """How much of each there is."""
        counts = (f"{len(value)} {name}" for name, value in (("mirrors", self.mirrors), ("headers", self.headers)))
        return f"Access({', '.join(counts)}, proxies for {', '.join(self.proxies) or 'nothing'})"

    def environ(self) -> dict[str, str]:
        """The variables by which the child learns what it has no parameter for."""
        found = {f"{scheme.upper()}_PROXY": proxy for scheme, proxy in self.proxies.items()}
        if self.no_proxy:
            found["NO_PROXY"] = ",".join(self.no_proxy)
        if self.ca_file:
            found["SSL_CERT_FILE"] = self.ca_file
        return found


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """A child's own word on why it has no result; ``kind`` is the exception's name."""

    kind: str
    text: str
    package: str = ""


def without_credentials(text: str) -> str:
    """The text without user, password and token in its URLs.

    >>> without_credentials("https://me:secret@host/t/abc-123/channel")
    'https://host/t/<token>/channel'
    """
    return _TOKEN.sub(r"\1<token>", _PASSWORD.sub("", text))


def ask(
    script: str,
    request: Mapping[str, Any],
    access: Access,
    *,
    timeout_s: float,
    idle_s: float | None = None,
    on_event: Callable[[bytes], None] = lambda _: None,
) -> dict[str, Any] | Failed:
    """Ask a child; raises Trouble where it crashed, was too slow or has no py-rattler."""
    if access.tls_no_verify and access.headers:
        message = "headers for a host are not sent without verifying who answers"
        raise Trouble("access-unsafe", message, hint="Trust the host's certificate with a CA file instead.", code=2)
    document = {**request, "access": _plain(access)}
    ran = work(
        script,
        msgspec.json.encode(document),
        timeout_s=timeout_s,
        idle_s=idle_s,
        environ={**_ENVIRON, **access.environ()},
        on_event=on_event,
    )
    answer = _answer(ran)
    if answer.get("state") != "failed":
        return answer
    failed = Failed(
        kind=str(answer["kind"]),
        text=without_credentials(str(answer["text"])).strip(),
        package=str(answer.get("package", "")),
    )
    if failed.kind in ("ModuleNotFoundError", "ImportError", "AttributeError", "TypeError"):
        message = f"making conda environments needs py-rattler 0.28 ({failed.text})"
        raise Trouble("rattler-missing", message, hint=f"Install it: `{EXTRA}`.")
    return failed


def _plain(access: Access) -> dict[str, object]:
    headers = {_place(key): dict(pairs) for key, pairs in access.headers.items()}
    return {"mirrors": dict(access.mirrors), "headers": headers, "tls_no_verify": access.tls_no_verify}


def _place(key: str) -> str:
    host, slash, path = key.partition("/")
    return f"{host.lower()}{slash}{path}"


def _answer(ran: Worked | NotRun) -> dict[str, Any]:
    if isinstance(ran, NotRun) and ran.why == "timed-out":
        hint = "Try again, or give it more time."
        raise Trouble("conda-too-slow", f"the conda child was stopped: {ran.detail}", hint=hint)
    if isinstance(ran, NotRun) and "memory allocation of" in ran.err:
        hint = "Ask for fewer channels or packages; the index of a very large channel needs gigabytes."
        raise Trouble("conda-out-of-memory", "the conda child needed more memory than it may have", hint=hint)
    if isinstance(ran, NotRun):
        raise Trouble("conda-crashed", f"the conda child ended without a result: {ran}")
    try:
        answer = msgspec.json.decode(ran.json)
    except msgspec.DecodeError as error:
        raise Trouble("conda-crashed", f"the conda child answered in no JSON: {error}") from error
    if not isinstance(answer, dict) or "state" not in answer:
        raise Trouble("conda-crashed", "the conda child answered something else")
    return answer


def last_cause(text: str) -> str:
    """The innermost of the causes that py-rattler chains, in one line.

    >>> last_cause("failed to link x" + chr(10) + "Caused by: No space left on device (os error 28)")
    'No space left on device (os error 28)'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("Caused by:").strip() if lines else ""
