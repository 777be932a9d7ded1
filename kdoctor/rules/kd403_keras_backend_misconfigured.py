"""keras.json or KERAS_BACKEND selects a backend that this Keras does not have.

What it means: the file ~/.keras/keras.json belongs to the user, not to an environment. A backend written there years
ago ("theano", "cntk") or by another project rules every environment; KERAS_BACKEND wins over it.

Why it matters: Keras 3 stops at import with "Unable to import backend : theano".

What to do: set the backend in the file, or per run with KERAS_BACKEND. kdoctor can set the file aside.
"""

from __future__ import annotations

from kdoctor.advice import quoted
from kdoctor.knowledge import keras as table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.keras import Keras
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
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
    if keras.config_trouble:
        return _broken(keras)
    known = table.known_backends(keras.release)
    if keras.backend in known:
        return Clear(f"{keras.backend}, chosen by {keras.backend_from}")
    installed = [build.framework for build in frameworks.builds] if isinstance(frameworks, Frameworks) else []
    choice = next((name for name in installed if name in known), "tensorflow")
    old = table.legacy_backend(keras.backend)
    why = f"Keras {keras.version} has the backends {', '.join(known)}"
    why += f"; {old.packages} ended years ago." if old else "; importing it stops."
    if keras.backend_from.startswith("$"):
        commands: tuple[str, ...] = (f"export KERAS_BACKEND={choice}",)
        text = "Set the variable to a backend that is installed, or unset it."
    else:
        path = quoted(keras.backend_from)
        text = "Correct the file (first command), or overrule it for this shell (second)."
        commands = (f"sed -i.bak 's/\"{keras.backend}\"/\"{choice}\"/' {path}", f"export KERAS_BACKEND={choice}")
    return Found(
        what=f"The backend is set to {keras.backend!r}, which Keras {keras.version} does not have."[:100],
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
        what="keras.json cannot be read as JSON, so Keras takes its defaults.",
        why="Keras ignores a file that it cannot read; a backend written there has no effect.",
        remedy=Remedy(text="Correct the file, or remove it: Keras writes a new one.", commands=(f"rm {quoted(keras.config)}",)),
        evidence=(Evidence("keras.json", keras.config_trouble, keras.config),),
        severity="warning",
    )
