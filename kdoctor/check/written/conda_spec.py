"""One spec of conda, such as ``conda-forge::tensorflow=2.15.*=cuda*``, as versions that packaging compares."""

from __future__ import annotations

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kdoctor.model.facts.written import Asked

_SPEC = re.compile(r"(?:(?P<channel>[\w./:-]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>.*)\Z", re.ASCII | re.DOTALL)
_BRACKETS = re.compile(r"\[(?P<inside>[^\]]*)\]\s*\Z")
_KEY = re.compile(r"(?P<key>version|build)\s*=\s*['\"]?(?P<value>[^'\",\]]+(?:,[^'\"=\]]+)*)['\"]?")
_URL = re.compile(
    r"https?://\S*/(?P<name>[\w.-]+)-(?P<version>[^-/]+)-(?P<build>[^-/]+)\.(?:conda|tar\.bz2)(?:#\S*)?\Z"
)
LONGEST = 600


def conda_spec(text: str, where: str) -> Asked | None:
    """The package, of a spec or of a line of an explicit lock file; None for what is neither."""
    text = " ".join(text.split())
    url = _URL.match(text) if len(text) <= LONGEST else None
    if url is not None:
        name, version, build = url["name"].lower(), url["version"], url["build"]
        short, channel = f"{name}={version}={build}", text.rpartition("/")[0]
        return Asked(
            name=name,
            manager="conda",
            where=where,
            text=short,
            spec=versions(f"=={version}"),
            build=build,
            index=channel,
        )
    found = _SPEC.match(text) if len(text) <= LONGEST else None
    if found is None:
        return None
    rest, build = found["rest"].strip(), ""
    brackets = _BRACKETS.search(rest)
    keys = {match["key"]: match["value"] for match in _KEY.finditer(brackets["inside"])} if brackets else {}
    rest = rest[: brackets.start()].strip() if brackets else rest
    version, build = _parts(rest)
    return Asked(
        name=found["name"].lower(),
        manager="conda",
        where=where,
        text=text,
        spec=versions(keys.get("version", version)),
        build=keys.get("build", build),
        index=found["channel"] or "",
    )


def _parts(rest: str) -> tuple[str, str]:
    """Version and build.

    >>> _parts("=2.15.*=cuda*"), _parts(">=2,<3 cuda*"), _parts("==2.15"), _parts("=2.15"), _parts("2.15")
    (('=2.15.*', 'cuda*'), ('>=2,<3', 'cuda*'), ('==2.15', ''), ('=2.15', ''), ('=2.15', ''))
    """
    if " " in rest:
        version, _, build = rest.partition(" ")
        return (version if version[0] in "=<>!~" else f"={version}"), build.strip()
    lead = re.match(r"[=<>!~]*", rest)
    head = lead[0] if lead else ""
    version, _, build = rest[len(head) :].partition("=") if head in ("", "=", "==") else (rest[len(head) :], "", "")
    return (f"{head or '='}{version}" if version else ""), build


def versions(text: str) -> str:
    """As packaging writes it, "" where it says nothing that packaging can.

    >>> versions("=2.15"), versions("=2.15.*"), versions("==2.15.0"), versions(">=2.1,<3"), versions("3.10|3.11")
    ('==2.15.*', '==2.15.*', '==2.15.0', '<3,>=2.1', '')
    """
    parts = []
    for part in text.split(","):
        fuzzy = re.fullmatch(r"=?(\d[\w.]*?)(?:\.?\*)?", part.strip())
        parts.append(f"=={fuzzy[1]}.*" if fuzzy else part.strip())
    try:
        return str(SpecifierSet(",".join(parts)))
    except InvalidSpecifier:
        return ""
