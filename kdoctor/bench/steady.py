"""Whether the chunks of a cell are steady enough for their median to be trusted.

Input: seconds a step, chunk by chunk; output: sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from kdoctor.bench.runs import FEWEST_CHUNKS
from kdoctor.measure.stats import drift, outliers, spread, standard_error

MOST_SPREAD = 0.25  # of a chunk; a quiet machine has 0.01 to 0.10
MOST_ERROR = 0.05  # of the median; what needs more says so itself: see measure.difference
MOST_OUTLIERS = 0.05  # of the chunks: fewer happen anywhere


def unsteady(raw: Sequence[float]) -> tuple[str, ...]:
    """Why these chunks have no median that can be trusted, in sentences; too few chunks have no spread to judge."""
    if len(raw) < FEWEST_CHUNKS:
        return ()
    notes = []
    if spread(raw) > MOST_SPREAD:
        notes.append(f"The chunks spread by {spread(raw):.0%}; up to {MOST_SPREAD:.0%} is steady.")
    elif standard_error(raw) > MOST_ERROR:
        sure = standard_error(raw)
        notes.append(f"The median is known to {sure:.1%} only; {MOST_ERROR:.0%} is needed.")
    moved = drift(raw)
    if moved.clear and notes:
        notes.append(f"From begin to end the steps became {_slower(moved.change)}.")
    return tuple(notes)


def told(raw: Sequence[float]) -> tuple[str, ...]:
    """What is worth knowing of chunks that are steady enough."""
    moved, odd = drift(raw), outliers(raw)
    notes = [f"From begin to end the steps became {_slower(moved.change)}."] if moved.clear else []
    if len(odd) > MOST_OUTLIERS * len(raw):
        notes.append(f"{len(odd)} of {len(raw)} chunks took far longer or shorter than the others.")
    if 0 < len(raw) < FEWEST_CHUNKS:
        notes.append(f"Only {len(raw)} chunks were timed: no verdict on speed is drawn from them.")
    return tuple(notes)


def _slower(change: float) -> str:
    return f"{abs(change):.0%} {'slower' if change > 0 else 'faster'}"
