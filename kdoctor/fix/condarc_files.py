"""Read conda's configuration files, from the places and in the order in which conda reads them.

The search path is conda's, and mamba's own files after each of its groups where mamba is what is used. A file that is
no YAML is a Trouble that names the line. Of YAML only what a configuration needs is taken: tables, lists and scalars
as text; tags mean nothing, and size, depth and aliases are bounded.

Search path: SEARCH_PATH of conda 26.9; compute_default_rc_sources of libmamba; both read 2026-11-21.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

import msgspec

from kdoctor.fix.conda import EXTRA
from kdoctor.fix.condarc import CondaConfig, configure
from kdoctor.fix.condarc_settings import Place
from kdoctor.fix.condarc_values import NULL, Document, Mark, Node
from kdoctor.fix.secret import Secret, clean
from kdoctor.host import FileStat, Host, Unreadable, is_file, names_in
from kdoctor.model.trouble import Trouble
from kdoctor.probes.conda import find_installations

try:
    import yaml
except ModuleNotFoundError as missing:
    raise Trouble(
        "yaml-missing", f"reading conda's configuration needs PyYAML ({missing})", hint=f"Install it: `{EXTRA}`."
    ) from missing

MAX_BYTES = 1 << 18
MAX_NODES = 20_000
MAX_DEPTH = 16
_FILES = (".condarc", "condarc", ".mambarc", "mambarc")
_ENDINGS = (".yml", ".yaml")
_MARK = re.compile(r"\s*:?\s+#[!#]*(final|top|bottom)[!#]*\s*$")
_HINT = "Correct it, or move it away."


def read_config(host: Host, *, extra_channels: tuple[str, ...] = (), prefix: str = "") -> CondaConfig:
    """The configuration of this user on this machine.

    ``extra_channels``: those of the command line. ``prefix``: the environment that is made; "" for the active one.
    Raises Trouble for a file that cannot be read or understood.
    """
    environ = host.environ
    place, mamba = place_of(host)
    paths = _files(host, search_path(environ, place, prefix=prefix, mamba=mamba))
    documents = [document for path in paths if (document := _read(host, path)) is not None]
    found = configure(documents, environ, place=place, extra_channels=extra_channels, mamba=mamba)
    _refuse_no_certificates(host, found)
    if not found.add_anaconda_token:
        return found
    return msgspec.structs.replace(found, credentials={**_tokens(host, place), **found.credentials})


def _refuse_no_certificates(host: Host, config: CondaConfig) -> None:
    path = config.ssl_verify
    if not isinstance(path, str) or path == "truststore" or is_file(host, path):
        return
    message = f"`ssl_verify` of {config.source_of('ssl_verify')} names {path}, which is no file"
    raise Trouble("condarc-no-certificates", message, hint="Name one file with all certificates to trust.")


def place_of(host: Host) -> tuple[Place, bool]:
    """Where the home and the base environment are, and whether mamba is used and conda is not."""
    environ = dict(host.environ)
    home = environ.get("HOME", "") or host.user.home or "/"
    roots = [one.root for one in find_installations(host, environ) if one.tool != "pixi"]
    root = environ.get("CONDA_ROOT", "") or next(iter(roots), "")
    mamba = bool(environ.get("MAMBA_EXE")) and not environ.get("CONDA_EXE")
    history = host.stat(f"{root}/conda-meta/history")
    writable = isinstance(history, FileStat) and _may_write(host, history)
    return Place(home=home.rstrip("/"), cwd=host.cwd or "/", root=root, root_writable=writable), mamba


def _may_write(host: Host, found: FileStat) -> bool:
    user = host.user
    mine = 0o200 if found.uid == user.uid else 0o020 if found.gid in user.gids else 0o002
    return user.uid == 0 or bool(found.mode & mine)


def search_path(environ: Mapping[str, str], place: Place, *, prefix: str = "", mamba: bool = False) -> tuple[str, ...]:
    """Files and folders, weakest first; each may be missing."""
    base = (".condarc", "condarc", "condarc.d")
    home, xdg = place.home, environ.get("XDG_CONFIG_HOME", "")
    active = prefix or environ.get("CONDA_PREFIX", "") or place.root

    def below(folder: str, *names: str) -> list[str]:
        return [f"{folder}/{name}" for name in names] if folder else []

    own = (".mambarc",) if mamba else ()
    found = below("/etc/conda", *base, *own) + below("/var/lib/conda", *base, *own) + below(place.root, *base, *own)
    found += below(f"{xdg}/conda" if xdg else "", *base) + below(f"{home}/.config/conda", *base)
    found += below(f"{home}/.conda", *base) + below(home, ".condarc")
    if mamba:
        for folder in (f"{xdg or home + '/.config'}/mamba", f"{home}/.mamba"):
            found += below(folder, ".mambarc", "mambarc", "mambarc.d")
        found += below(home, ".mambarc")
    found += below(active, *base, *own)
    named = [environ.get(name, "") for name in (("CONDARC", "MAMBARC") if mamba else ("CONDARC",))]
    found += [re.sub(r"^~(?=/|$)", lambda _: home, path) for path in named if path]
    return tuple(dict.fromkeys(posixpath.join(place.cwd, path) for path in found))


def _files(host: Host, paths: tuple[str, ...]) -> Iterator[str]:
    """The files of the search path that are there: by their names, and in folders by their endings."""
    for path in paths:
        found = host.stat(path)
        if not isinstance(found, FileStat):
            continue
        if found.kind == "file" and (posixpath.basename(path) in _FILES or path.endswith(_ENDINGS)):
            yield path
        elif found.kind == "directory":
            yield from (f"{path}/{name}" for name in names_in(host, path) if name.endswith(_ENDINGS))


def _read(host: Host, path: str) -> Document | None:
    found = host.read_text(path, limit=MAX_BYTES + 1)
    if isinstance(found, Unreadable):
        if found.reason in ("absent", "not-a-file"):
            return None
        message = f"conda's configuration cannot be read: {found}"
        raise Trouble("condarc-unreadable", message, hint="Let its owner make it readable.")
    if len(found) > MAX_BYTES:
        raise _broken(path, 0, f"it is larger than {MAX_BYTES >> 10} KiB")
    return parse(found, path)


def _broken(path: str, line: int, why: str) -> Trouble:
    where = f"{path}, line {line}" if line else path
    return Trouble("condarc-broken", f"{where}: this is no configuration of conda's: {why}", hint=_HINT)


def parse(text: str, path: str) -> Document:
    """A file's text as a document; raises Trouble that names the line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _broken(path, mark.line + 1 if mark else 0, error.problem or "no YAML") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _broken(path, line, f"a character that YAML does not allow (U+{error.character:04X})") from None
    except RecursionError:
        raise _broken(path, 0, "it is nested too deeply") from None
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value in NULL):
        return Document(path, {})
    if not isinstance(root, yaml.MappingNode):
        raise _broken(path, 1, "a table of settings is needed")
    value = _Tree(text, path).node(root, 0).value
    return Document(path, value if isinstance(value, Mapping) else {})


class _Tree:
    """Makes values of YAML's nodes, and counts them: an alias can stand for very many."""

    def __init__(self, text: str, path: str) -> None:
        self.lines = text.splitlines()
        self.path = path
        self.count = 0

    def node(self, node: yaml.Node, depth: int, mark: Mark = "") -> Node:
        line: int = node.start_mark.line + 1
        self.count += 1
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            raise _broken(self.path, line, "it is nested too deeply, or too large")
        if isinstance(node, yaml.MappingNode):
            return Node(self.table(node, depth), mark, line)
        if isinstance(node, yaml.SequenceNode):
            rows = [self.node(child, depth + 1, self.mark(child.end_mark)) for child in node.value]
            return Node(tuple(rows), mark or self.mark(node.end_mark), line)
        text: str = node.value
        is_null = isinstance(node, yaml.ScalarNode) and node.style is None and text in NULL
        return Node(None if is_null else text, mark or self.mark(node.end_mark), line)

    def table(self, node: yaml.MappingNode, depth: int) -> dict[str, Node]:
        made: dict[str, Node] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                raise _broken(self.path, line, "a name must be a plain text")
            if key.value in made:
                raise _broken(self.path, line, f"`{key.value}` is there twice")
            made[key.value] = self.node(value, depth + 1, self.mark(key.end_mark))
        return made

    def mark(self, end: yaml.Mark) -> Mark:
        """What a comment behind a value or a name says of it."""
        rest = self.lines[end.line][end.column :] if end.line < len(self.lines) else ""
        found = _MARK.match(rest)
        return found[1] if found else ""  # type: ignore[return-value]  # the pattern has the same words


def _tokens(host: Host, place: Place) -> dict[str, Secret]:
    """The tokens that ``anaconda login`` keeps, a file for each server; conda's own server is meant by the API's."""
    own = host.environ.get("BINSTAR_CONFIG_DIR", "")
    xdg = host.environ.get("XDG_CONFIG_HOME", "") or f"{place.home}/.config"
    folder = f"{own}/data" if own else f"{xdg}/binstar"
    made = {}
    for name in names_in(host, folder):
        token = host.read_text(f"{folder}/{name}", limit=4096) if name.endswith(".token") else ""
        if not isinstance(token, str) or not re.fullmatch(r"[A-Za-z0-9-]+", token.strip()):
            continue
        url = clean(unquote_plus(name.removesuffix(".token")))
        for one in dict.fromkeys((url, re.sub(r"([./])api([./]|$)", r"\1conda\2", url, count=1))):
            made[one] = Secret.of(f"{one}/t/{token.strip()}")
    return made
