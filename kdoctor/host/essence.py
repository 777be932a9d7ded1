"""What a recording keeps of a file that is its owner's: the part that probes look at, and nothing else of it.

A compose file or a daemon's settings can hold passwords, a cluster's configuration the names of its nodes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

Keep = Callable[[bytes], bytes]
_HASH_AND_SIZE = re.compile(rb",\w+=[\w-]+,\d*$", re.MULTILINE)
_INSTANCE = re.compile(rb"@[^./\n]*\.service")


def lines_like(pattern: bytes) -> Keep:
    """Keep the lines, or the parts of lines, that match; each ends its line."""
    compiled = re.compile(pattern, re.MULTILINE | re.IGNORECASE)
    return lambda data: b"".join(match[0].rstrip(b"\n") + b"\n" for match in compiled.finditer(data))


_COMMENT = re.compile(rb"#.*$", re.MULTILINE)
_GRES = lines_like(rb"\bGres=\S+")


def settings_of_docker(data: bytes) -> bytes:
    """Whether the runtime nvidia is registered."""
    return b'{"runtimes": {"nvidia": {}}}\n' if b'"nvidia"' in data else b"{}\n"


def kernel_file(data: bytes) -> bytes:
    """The interpreter, the title, and whether PYTHONPATH is set; as it was where it is no such document."""
    try:
        found = json.loads(data)
        argv, title, env = found.get("argv", []), found.get("display_name", ""), found.get("env", {})
        kept = {"argv": argv[:1], "display_name": title, "env": {name: "" for name in env if name == "PYTHONPATH"}}
    except (ValueError, AttributeError, TypeError, RecursionError):
        return b"{"
    return json.dumps(kept).encode()


OWNED: tuple[tuple[re.Pattern[str], Keep], ...] = (
    (re.compile(r"\.h$"), lines_like(rb"^[ \t]*#[ \t]*define[ \t]+\w*(?:VERSION|MAJOR|MINOR|PATCH)\w*[ \t].*\n?")),
    (re.compile(r"\.dist-info/RECORD$"), lambda data: _HASH_AND_SIZE.sub(b",,", data)),
    (
        re.compile(r"/(docker-)?compose\.ya?ml$"),
        lines_like(rb"^[ \t-]*(?:(?:driver|runtime|gpus):|[\"']?nvidia\.com/).*$"),
    ),
    (re.compile(r"/(Docker|Container)file$"), lines_like(rb"^FROM .*$")),
    (re.compile(r"/daemon\.json$"), settings_of_docker),
    (re.compile(r"/cdi/[^/]+$"), lines_like(rb"nvidia\.com/gpu")),
    (re.compile(r"/slurm\.conf$"), lambda data: _GRES(_COMMENT.sub(b"", data))),
    (re.compile(r"/kernels/[^/]+/kernel\.json$"), kernel_file),
    (re.compile(r"^/proc/self/mounts$"), lines_like(rb"^\S+ (?:\S*(?:nvidia|libcuda)\S*|/dev) .*$")),
    (re.compile(r"^/proc/self/cgroup$"), lambda data: _INSTANCE.sub(b"@.service", data)),
)


def essence(path: str, data: bytes) -> bytes:
    """The bytes to write for a file that was read."""
    keep = next((keep for pattern, keep in OWNED if pattern.search(path)), None)
    return keep(data) if keep else data
