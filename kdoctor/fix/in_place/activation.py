"""KD202: let activating a conda or pixi environment add the directories of the libraries, and deactivating undo it.

A venv has no directory of activation scripts; its `bin/activate` belongs to the tool that made it.
"""

from __future__ import annotations

from kdoctor.advice import missed_directories, quoted
from kdoctor.fix.in_place.around import Around, Planned, interpreter_of, is_inside, real_place, why_not_ours
from kdoctor.fix.in_place.shown import difference
from kdoctor.host import Unreadable
from kdoctor.model.change import ByHand, Change, WriteFile
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.environ import Environ

NAME = "kdoctor-cuda-libraries.sh"
ACTIVATE = """\
# Made by `kdoctor fix`, undone by `kdoctor undo`; deactivate.d has its counterpart.
if [ -n "${{LD_LIBRARY_PATH+set}}" ]; then
    export KDOCTOR_LD_LIBRARY_PATH="was:$LD_LIBRARY_PATH"
else
    export KDOCTOR_LD_LIBRARY_PATH=unset
fi
export LD_LIBRARY_PATH={directories}"${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}"
"""
DEACTIVATE = """\
# Made by `kdoctor fix`, undone by `kdoctor undo`; the counterpart of the script in activate.d.
case "${KDOCTOR_LD_LIBRARY_PATH-}" in
    was:*) export LD_LIBRARY_PATH="${KDOCTOR_LD_LIBRARY_PATH#was:}" ;;
    unset) unset LD_LIBRARY_PATH ;;
esac
unset KDOCTOR_LD_LIBRARY_PATH
"""


def plan(facts: Facts, around: Around) -> Planned:
    """Two scripts, which tools of conda run when the environment is activated and deactivated."""
    interpreter, libraries = interpreter_of(facts), facts.sections.get("cuda_libraries")
    if interpreter is None or not isinstance(libraries, CudaLibraries):
        return ByHand("the environment could not be read")
    if interpreter.kind not in ("conda", "pixi"):
        return ByHand("only a conda or pixi environment has scripts that are run when it is activated")
    if why := why_not_ours(interpreter, around.host):
        return ByHand(why)
    directories = next((found for search in libraries.searches if (found := missed_directories(search))), ())
    if not directories:
        return ByHand("the directories of the libraries are not known")
    joined = ":".join(directories)
    texts = {"activate": ACTIVATE.format(directories=quoted(joined)), "deactivate": DEACTIVATE}
    edits = []
    for folder, text in texts.items():
        edit = _script(f"{interpreter.prefix}/etc/conda/{folder}.d/{NAME}", text, interpreter.prefix, around)
        if isinstance(edit, ByHand):
            return edit
        edits += [edit] if edit.before != edit.after else []
    if not edits:
        return ByHand("the scripts are there already: activate the environment anew")
    return Change(
        kind="file",
        title="Add the directory to the loader's search whenever the environment is activated",
        edits=tuple(edits),
        shown=difference(edits),
        settings={"LD_LIBRARY_PATH": ":".join([joined, *_now(facts)])},
        then="Activate the environment anew.",
    )


def _script(path: str, text: str, prefix: str, around: Around) -> WriteFile | ByHand:
    place = real_place(around.host, path)
    if not is_inside(around.host, place, prefix):
        return ByHand(f"{path} leads out of the environment, to {place}")
    before = around.host.read_bytes(place)
    if isinstance(before, Unreadable) and before.reason != "absent":
        return ByHand(str(before))
    return WriteFile(path=place, before=before if isinstance(before, bytes) else None, after=text.encode())


def _now(facts: Facts) -> tuple[str, ...]:
    environ = facts.sections.get("environ")
    value = environ.variables.get("LD_LIBRARY_PATH", "") if isinstance(environ, Environ) else ""
    return (value,) if value else ()
