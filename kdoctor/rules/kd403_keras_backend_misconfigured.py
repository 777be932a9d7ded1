"""keras.json or KERAS_BACKEND selects a backend that this Keras does not have.

What it means: the file ~/.keras/keras.json belongs to the user, not to an environment. A backend written there years
ago ("theano", "cntk") or by another project rules every environment; KERAS_BACKEND wins over it. Names are written in
lower case: "TensorFlow" is no backend.

Why it matters: Keras 3 stops at import with "Unable to import backend : theano".

What to do: set the backend in the file, or per run with KERAS_BACKEND. kdoctor can set the file aside.
"""

import re

from kdoctor.advice import backend_for, quoted, shortened
from kdoctor.knowledge import keras as table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.frameworks import FrameworkName, Frameworks
from kdoctor.model.facts.keras import Keras
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD403",
        cause="keras-backend-misconfigured",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("keras-team/keras keras/src/backend/config.py and __init__.py @3422977", "2026-11-21"),),
        explains=("tensorflow-not-installed",),
    )
)
def keras_backend_misconfigured(keras: Keras, frameworks: Frameworks | Absent) -> Verdict:
    """The resolved backend against the list of this Keras release."""
    if keras.release is None:
        return NotApplicable("the package keras is not installed")
    known = table.known_backends(keras.release)
    if not known:
        return Undetermined(f"the backends of Keras {keras.version} are not in the tables")
    if keras.config_trouble and keras.backend_from == "default" and len(known) > 1:
        return _broken(keras)
    if keras.backend in known:
        return Clear(f"{keras.backend}, chosen by {keras.backend_from}")
    if table.is_multi_backend_2(keras.release) and "." in keras.backend:
        return NotApplicable(f"{keras.backend} is a backend of its own, which this Keras imports by name")
    installed = [build.framework for build in frameworks.builds] if isinstance(frameworks, Frameworks) else []
    return _found(keras, known, installed)


def _found(keras: Keras, known: tuple[str, ...], installed: list[FrameworkName]) -> Found:
    choice = backend_for(keras, known, installed)
    old = table.legacy_backend(keras.backend)
    why = f"Keras {keras.version} has the backends {', '.join(known)}"
    why += f"; {old.packages} ended years ago." if old else "; with another value importing it stops."
    commands: tuple[str, ...] = (f"export KERAS_BACKEND={choice}",)
    if keras.backend_from.startswith("$"):
        text = "Set the variable to a backend that is installed, or unset it."
    else:
        text = (
            f"Write {choice} into {keras.backend_from} (first command), or overrule the file for this shell (second)."
        )
        edit = f'sed -i.bak \'s/"{keras.backend}"/"{choice}"/\' {quoted(keras.backend_from)}'
        plain = re.fullmatch(r"[A-Za-z0-9_.]+", keras.backend)
        commands = (edit, *commands) if plain else commands
    return Found(
        what=f"The backend is set to {shortened(keras.backend, 30)!r}, which Keras {keras.version} does not have.",
        why=why,
        remedy=Remedy(text=text, commands=commands),
        evidence=(
            Evidence("backend", keras.backend, keras.backend_from),
            Evidence("keras", keras.version, keras.directory),
            Evidence("frameworks installed", ", ".join(installed) or "none", "metadata"),
        ),
    )


def _broken(keras: Keras) -> Found:
    return Found(
        what="keras.json cannot be read, so what it says about the backend has no effect.",
        why="Keras takes its defaults for a file that is no JSON, and stops at one that it may not open.",
        remedy=Remedy(
            text="Correct the file, or remove it: Keras writes a new one.", commands=(f"rm {quoted(keras.config)}",)
        ),
        evidence=(Evidence("keras.json", keras.config_trouble, keras.config),),
        severity="warning",
    )
