"""Workers that trained together as one HTML file: a pure function of the document.

The gravest verdict comes first; then where a step's time goes, the other verdicts, the workers and their links.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kdoctor.model.scaling import Scaled, Scaling
from kdoctor.render.bench import short
from kdoctor.render.html.raw import cut
from kdoctor.render.html.report import header
from kdoctor.render.html.tree import Node, breakable, el, folded, left_out, page, section, table
from kdoctor.render.html.verdicts import card, hero, ranked
from kdoctor.render.json import render as as_json
from kdoctor.render.scaling import percent, rows_of, signed, summary, title_of

MOST_ROWS, MOST_RAW = 400, 200_000


def render(found: Scaling) -> str:
    """The whole page."""
    verdicts = ranked(found.verdicts)
    first = verdicts[0] if verdicts else None
    parts = (
        section("Where a step goes", "steps", *map(_step, found.scaled)) if found.scaled else None,
        section("Other verdicts", "verdicts", *map(card, verdicts[1:])) if verdicts[1:] else None,
        section("Workers", "workers", *_workers(found)),
        _links(found),
        section("Document", "facts", folded("All that was measured", *cut(as_json(found, redact_for=None), MOST_RAW))),
    )
    top = el("div", hero(first, found.exit_reason, summary(found)), _about(found), class_="top")
    footer = el("footer", el("p", f"kdoctor {found.kdoctor}, in {found.seconds:.0f} s, {found.exit_reason}"))
    title = first.name if first else found.exit_reason
    return page(f"kdoctor fleet bench: {title}", header("fleet bench", summary(found)), el("main", top, *parts), footer)


def _about(found: Scaling) -> Element:
    exchange = found.exchange
    alone = f"{exchange.bytes / 1e6:.3g} MB in {short(exchange.ms)} ms" if exchange else ""
    rows = {
        "workload": f"{found.workload} on {found.backend}",
        "parameters": f"{found.parameters:,}" if found.parameters else "",
        "data": found.data,
        "trained by": found.route,
        "gradients, exchanged alone": alone,
        **found.environment,
    }
    listed = el("dl")
    for name, value in rows.items():
        if value:
            listed.append(el("dt", name))
            listed.append(el("dd", *breakable(value)))
    title = el("h2", "Training", id="machine-title")
    return el("section", title, listed, class_="machine", aria_labelledby="machine-title")


def _step(one: Scaled) -> Element:
    """The parts of a step, which add up to it; bars for the eye."""
    cells: list[tuple[Node, ...]] = [
        (name, signed(ms), percent(share), _bar(name, share))
        for name, ms, share in (*rows_of(one), ("together", one.step_ms, 1.0))
    ]
    caption = f"{title_of(one)}: {one.speed_up:.2f}x, efficiency {one.efficiency:.0%}"
    return table(caption, ("part", "ms", "share", "of the step"), cells, figures=["ms", "share"])


def _bar(name: str, share: float) -> Element:
    return el("meter", f"{share:.0%}", min="0", max="1", value=f"{min(max(share, 0.0), 1.0):.3f}", aria_label=name)


def _workers(found: Scaling) -> Iterator[Element]:
    rows = [
        (
            str(row.rank),
            row.name,
            row.device,
            str(row.threads),
            "-" if row.step_ms is None else short(row.step_ms),
            row.failed or "ok",
        )
        for row in found.workers[:MOST_ROWS]
    ]
    names = ("worker", "machine", "device", "threads", "ms/step by itself", "came to its end")
    yield table("Each worker", names, rows, figures=["worker", "threads", "ms/step by itself"])
    if len(found.workers) > MOST_ROWS:
        yield left_out(len(found.workers) - MOST_ROWS)


def _links(found: Scaling) -> Element | None:
    """By plain TCP, the slowest first; None where all workers share a machine."""
    if not found.links:
        return None
    rows = [
        (
            found.workers[link.first].name,
            found.workers[link.second].name,
            link.trouble or f"{link.per_s / 1e6:,.0f}",
            f"{1000 * link.trip_s:.3g}",
        )
        for link in found.links[:MOST_ROWS]
    ]
    names = ("from", "to", "MB/s", "ms a round trip")
    return section("Links", "links", table("Links, by plain TCP", names, rows, figures=["MB/s", "ms a round trip"]))
