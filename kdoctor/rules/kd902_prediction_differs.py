"""The framework's own list of GPUs differs from what kdoctor predicted (only with --deep).

What it means: kdoctor predicts from files and from the driver's answers how many GPUs a framework will list. It was
then imported and asked, and said something else, or failed.

Why it matters: the framework's word is the truth. Where it differs, either something that kdoctor does not see is
wrong, or kdoctor is.

What to do: read the framework's own last lines below; if they do not explain it, report it to kdoctor.
"""

from kdoctor.advice import shortened
from kdoctor.model.facts.framework_answers import FrameworkAnswer, FrameworkAnswers
from kdoctor.model.facts.prediction import Prediction
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Severity, Verdict
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
    wrong = next((answer for answer in framework_answers.items if answer.computed is False), None)
    if wrong is not None:
        return _found(f"{wrong.framework} computes a wrong product on its first GPU.", wrong, "error")
    for answer in framework_answers.items:
        row = expected.get(answer.framework)
        if answer.gpus is None:
            return _found(f"{answer.framework} could not be asked: {shortened(answer.trouble)}.", answer, "warning")
        if row is not None and row.gpus is not None and row.gpus != answer.gpus:
            because = shortened(row.because, 50)
            what = f"{answer.framework} lists {answer.gpus} GPU; {row.gpus} expected ({because})."
            return _found(what, answer, "warning")
    told = ", ".join(f"{answer.framework} lists {answer.gpus} GPU" for answer in framework_answers.items)
    return Clear(f"{told}, which does not contradict what was predicted")


def _found(what: str, answer: FrameworkAnswer, severity: Severity) -> Found:
    return Found(
        what=what,
        why="The framework's own word is the truth; kdoctor's prediction came from files and the driver.",
        remedy=Remedy(
            text="Read its last lines below; if they do not explain it, report this with `kdoctor facts --deep`.",
            commands=("kdoctor facts --deep",),
        ),
        evidence=(
            Evidence("framework", ", ".join(answer.devices) or answer.trouble or "no device", "--deep"),
            *(Evidence("printed", line[:200], answer.framework) for line in answer.log[-4:]),
        ),
        severity=severity,
    )
