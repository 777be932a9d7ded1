"""`kdoctor fix --docker` and its like: the chosen recipe, pinned, as files that others can build from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from kdoctor import __version__
from kdoctor.advice import quoted
from kdoctor.commands.choosing import Asked, Chosen, chosen
from kdoctor.commands.fix_files_resolve import Kind, pinned_for
from kdoctor.fix.files import devcontainer, dockerfile, environment_yml, pixi, pylock, requirements
from kdoctor.fix.files.pinned import Pinned
from kdoctor.fix.recipes import shipped
from kdoctor.host.live import LiveHost
from kdoctor.host.put import put
from kdoctor.host.put import refuse_files as refuse
from kdoctor.model.recipe import Method
from kdoctor.model.trouble import Trouble

SCHEMA = 1
KINDS: tuple[Kind, ...] = ("docker", "environment-yml", "requirements", "pixi", "devcontainer")
NAMES: Mapping[Kind, str] = {
    "docker": "Dockerfile",
    "environment-yml": "environment.yml",
    "requirements": "requirements.txt",
    "pixi": "pixi.toml",
    "devcontainer": ".devcontainer/devcontainer.json",
}
NEXT: Mapping[Kind, str] = {
    "docker": "docker build -t {id} -f {path} .",
    "environment-yml": "conda env create -f {path}",
    "requirements": "python -m pip install --require-hashes -r {path}",
    "pixi": "pixi install --manifest-path {path}",
    "devcontainer": "open this folder in its container",
}
Say = Callable[[str], None]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One file; ``path`` as it was asked for."""

    kind: Kind
    path: str
    text: str


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """The document of `kdoctor fix --docker --format json`. ``unmet``: what the recipe needs and the machine lacks."""

    schema: int
    recipe: str
    title: str
    why: str
    unmet: tuple[str, ...]
    files: tuple[Written, ...] = ()
    written: bool = False
    notes: tuple[str, ...] = ()
    next: tuple[str, ...] = ()


def plan_files(asked: Asked, kinds: tuple[Kind, ...], output_path: str, host: LiveHost, say: Say) -> Files:
    """The files, not yet written; none where no recipe fits and none was named. Raises Trouble."""
    methods: tuple[Method, ...] = ("pip",) if "requirements" in kinds else ("conda", "pip")
    found = chosen(asked, *methods)
    files = Files(schema=SCHEMA, recipe=found.recipe.id, title=found.recipe.title, why=found.why, unmet=found.unmet)
    if found.unmet and not asked.recipe:
        return files
    is_pylock = "requirements" in kinds and output_path.endswith("pylock.toml")
    leave_nothing = (asked.dry_run or output_path == "-") and not asked.offline
    pinned = pinned_for(asked, found, kinds, host, say, is_pylock=is_pylock, leave_nothing=leave_nothing)
    pinned = msgspec.structs.replace(pinned, kdoctor=__version__, again=_again(asked, found, pinned))
    made = tuple(one for kind in kinds for one in _made(kind, pinned, "" if output_path == "-" else output_path))
    steps = tuple(
        NEXT[one.kind].format(id=pinned.recipe.id, path=quoted(one.path)) for one in made if not _is_part(one)
    )
    return msgspec.structs.replace(files, files=made, next=() if is_pylock else steps)


def put_files(files: Files, *, force: bool) -> Files:
    """Write them; raises Trouble, and then none is written."""
    put({one.path: one.text.encode() for one in files.files}, force=force)
    return msgspec.structs.replace(files, written=True)


def _is_part(one: Written) -> bool:
    """Whether it is the Dockerfile of a devcontainer.json."""
    return one.kind == "devcontainer" and one.path.endswith("Dockerfile")


def refuse_files(kinds: tuple[Kind, ...], output_path: str, *, force: bool) -> None:
    """Raise Trouble for a place that cannot take them, before anything is resolved."""
    if output_path and len(kinds) > 1:
        message = f"--output {output_path}: one place cannot take {len(kinds)} files"
        raise Trouble("options-exclude-each-other", message, hint="Ask for one of them at a time.", code=2)
    if output_path.endswith("/"):
        raise Trouble("output-no-file", f"--output {output_path}: expected the path of a file", code=2)
    refuse((path for kind in kinds for path in _paths(kind, output_path)), force=force)


def _again(asked: Asked, found: Chosen, pinned: Pinned) -> tuple[str, ...]:
    own = found.recipe.id not in {recipe.id for recipe in shipped()}
    newest = ("--exclude-newer", asked.exclude_newer) if asked.exclude_newer else ()
    place = ("--recipes", "FILE") if own else ()
    return ("--recipe", found.recipe.id, "--python-version", pinned.python.short, *newest, *place)


def _made(kind: Kind, pinned: Pinned, output_path: str) -> tuple[Written, ...]:
    texts: tuple[str, ...] = (_render(kind, pinned),)
    if kind == "devcontainer":
        texts = (*texts, dockerfile.dockerfile(pinned, devcontainer.OPTION))
    return tuple(
        Written(kind=kind, path=path, text=text) for path, text in zip(_paths(kind, output_path), texts, strict=True)
    )


def _paths(kind: Kind, output_path: str) -> tuple[str, ...]:
    path = output_path or NAMES[kind]
    folder = path.rpartition("/")[0]
    return (path, f"{folder}/Dockerfile" if folder else "Dockerfile") if kind == "devcontainer" else (path,)


def _render(kind: Kind, pinned: Pinned) -> str:
    if kind == "requirements" and pinned.pylock:
        return pylock.pylock_toml(pinned)
    renderers: Mapping[Kind, Callable[[Pinned], str]] = {
        "docker": dockerfile.dockerfile,
        "environment-yml": environment_yml.environment_yml,
        "requirements": requirements.requirements_txt,
        "pixi": pixi.pixi_toml,
        "devcontainer": devcontainer.devcontainer_json,
    }
    return renderers[kind](pinned)
