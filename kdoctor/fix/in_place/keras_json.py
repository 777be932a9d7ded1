"""KD403: correct the backend in keras.json and keep every other byte, or take away a file that is no JSON."""

from __future__ import annotations

import re

import msgspec

from kdoctor.advice import backend_for
from kdoctor.fix.in_place.around import Around, Planned
from kdoctor.fix.in_place.shown import difference
from kdoctor.host import FileStat, Unreadable
from kdoctor.knowledge import keras as table
from kdoctor.model.change import ByHand, Change, Edit, RemoveFile, WriteFile
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.keras import Keras

_BACKEND = re.compile(r'"backend"\s*:\s*("(?:[^"\\]|\\.)*"|[^\s,}\]"]+)')


def plan(facts: Facts, around: Around) -> Planned:
    """An edit of the one file; a variable is in the user's own scripts, which kdoctor leaves alone."""
    keras = facts.sections.get("keras")
    if not isinstance(keras, Keras) or keras.release is None:
        return ByHand("the installed Keras could not be read")
    if keras.backend_from.startswith("$"):
        return ByHand(f"{keras.backend_from} is set in your shell, not in a file that kdoctor knows")
    place = around.host.resolve(keras.config)
    data = around.host.read_bytes(keras.config)
    if isinstance(data, Unreadable) or isinstance(place, Unreadable):
        return ByHand(str(data if isinstance(data, Unreadable) else place))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ByHand(f"{keras.config} is not UTF-8 text")
    if keras.config_trouble:
        return _removal(keras.config, data, around)
    frameworks = facts.sections.get("frameworks")
    installed = [build.framework for build in frameworks.builds] if isinstance(frameworks, Frameworks) else []
    choice = backend_for(keras, table.known_backends(keras.release), installed)
    after = with_backend(text, choice)
    if not after:
        return ByHand(f"{keras.config} does not name its backend in a way that kdoctor can correct")
    return _change(WriteFile(path=place, before=data, after=after.encode()), f"Set the backend to {choice}")


def _removal(path: str, data: bytes, around: Around) -> Planned:
    found = around.host.stat(path, follow=False)
    if isinstance(found, FileStat) and found.kind == "link":
        return ByHand(f"{path} is a link, which would be left without its file")
    return _change(RemoveFile(path=path, before=data), "Take away keras.json, which is no JSON")


def _change(edit: Edit, title: str) -> Change:
    return Change(kind="file", title=title, edits=(edit,), shown=difference((edit,)))


def with_backend(text: str, backend: str) -> str:
    r"""The text with another value of the top level's "backend", "" where there is none to be replaced.

    >>> with_backend('{"x": {"backend": "a"},\n  "backend" : "theano" }', "jax")
    '{"x": {"backend": "a"},\n  "backend" : "jax" }'
    """
    try:
        want = msgspec.json.decode(text, type=dict[str, object])
    except msgspec.MsgspecError:
        return ""
    want["backend"] = backend
    for match in _BACKEND.finditer(text):
        changed = f'{text[: match.start(1)]}"{backend}"{text[match.end(1) :]}'
        try:
            if msgspec.json.decode(changed) == want:
                return changed
        except msgspec.MsgspecError:
            continue
    return ""
