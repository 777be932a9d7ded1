"""Which rules' remedies kdoctor can do itself: rule id to the planner."""

from __future__ import annotations

from kdoctor.fix.in_place import activation, keras_json, links, packages
from kdoctor.fix.in_place.around import Around, Planned, Planner
from kdoctor.model.change import ByHand
from kdoctor.model.facts.base import Facts
from kdoctor.model.finding import Finding

PLANNERS: dict[str, Planner] = {
    "KD202": activation.plan,
    "KD211": links.plan,
    "KD301": packages.plan,
    "KD302": packages.plan,
    "KD403": keras_json.plan,
}


def plan(finding: Finding, facts: Facts, around: Around) -> Planned:
    """The change that removes a finding, or why kdoctor leaves it to the user."""
    if finding.remedy.safety == "needs-root":
        return ByHand("it needs root")
    planner = PLANNERS.get(finding.id)
    return planner(facts, around) if planner else ByHand(f"there is no change in place for {finding.id}")
