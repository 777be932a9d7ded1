"""The framework's own list of GPUs differs from what kdoctor predicted (only with --deep).

What it means: kdoctor predicts from files and from the driver's answers how many GPUs a framework will list. It was
then imported and asked, and said something else, or failed.

Why it matters: the framework's word is the truth. Where it differs, either something that kdoctor does not see is
wrong, or kdoctor is.

What to do: read the framework's own last lines below; if they do not explain it, report it to kdoctor.
"""

from __future__ import annotations

from kdoctor.model.facts.framework_answers import FrameworkAnswers
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD902",
        cause="",
        layer="kdoctor",
        severity="warning",
        since="0.1.0",
        sources=(Source("kdoctor's own prediction, compared with genuine wheels (own runs)", "2026-11-21"),),
    )
)
def prediction_differs(prediction: Prediction, framework_answers: FrameworkAnswers) -> Verdict:
    """Compare number by number; a wrong product on the GPU is worse than a wrong number."""
    expected = {row.framework: row for row in prediction.items}
    for answer in framework_answers.items:
        row = expected.get(answer.framework)
        log = tuple(Evidence("printed", line[:200], answer.framework) for line in answer.log[-4:])
        if answer.computed is False:
            return _found(f"{answer.framework} computes a wrong product on its first GPU.", answer.devices[0], log, "error")
        if answer.gpus is None:
            return _found(f"{answer.framework} could not be asked: {answer.trouble}"[:100], answer.trouble, log, "warning")
        if row is not None and row.gpus is not None and row.gpus != answer.gpus:
            what = f"{answer.framework} lists {answer.gpus} GPU; {row.gpus} expected ({row.because})."[:100]
            return _found(what, ", ".join(answer.devices) or "none", log, "warning")
    told = ", ".join(f"{answer.framework} lists {answer.gpus} GPU" for answer in framework_answers.items)
    return Clear(f"{told}, as predicted")


def _found(what: str, said: str, log: tuple[Evidence, ...], severity: str) -> Found:
    return Found(
        what=what,
        why="The framework's own word is the truth; kdoctor's prediction came from files and the driver.",
        remedy=Remedy(text="Read its last lines below; if they do not explain it, report this with `kdoctor facts`."),
        evidence=(Evidence("framework", said, "--deep"), *log),
        severity="error" if severity == "error" else "warning",
    )
