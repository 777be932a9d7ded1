"""Which new environment would avoid the primary cause? The recipe that fits the machine and the backend in use."""

from __future__ import annotations

import msgspec

from kdoctor.fix.choose import choose
from kdoctor.fix.recipes import shipped
from kdoctor.fix.wishes import BACKENDS, Wishes
from kdoctor.knowledge.ranking import ranking
from kdoctor.model.facts.base import Facts
from kdoctor.model.facts.keras import Keras
from kdoctor.model.report import Report
from kdoctor.model.trouble import Trouble


def advised(report: Report) -> Report:
    """The report with a recipe in its primary remedy, where another environment is a way out and one fits."""
    primary = report.primary
    if primary is None or primary.severity == "note" or primary.name not in ranking().in_environment:
        return report
    remedy = msgspec.structs.replace(primary.remedy, recipe=_recipe(report.facts))
    primary = msgspec.structs.replace(primary, remedy=remedy)
    return msgspec.structs.replace(report, primary=primary, findings=(primary, *report.findings[1:]))


def _recipe(facts: Facts) -> str:
    """The id of the one that fits, "" where none does or the machine has no GPU."""
    keras = facts.sections.get("keras")
    wanted = keras.backend if isinstance(keras, Keras) else ""
    backend = next((each for each in BACKENDS if each == wanted), None)
    try:
        recipes = shipped()
    except Trouble:  # an installation without its recipes can still say what is wrong
        return ""
    best = choose(facts, recipes, Wishes(backend=backend)).best
    return best.recipe.id if best is not None and best.recipe.requires.gpu == "required" else ""
