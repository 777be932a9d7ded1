"""Ask `train.py` in a child, as kdoctor does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from kdoctor.model.bench import Cell, Done, Event, Request

INSIDE = Path(__file__).resolve().parents[2] / "kdoctor/inside"
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def asked(*cells: Cell, peaks: bool = False) -> Request:
    """A request for cells of one device."""
    return Request(backend=cells[0].backend, device=cells[0].device, cells=cells, peaks=peaks)


def events(request: Request, python: str = sys.executable, timeout_s: float = 120, **environ: str) -> list[Event]:
    """Every event of a child that ends well, each of which has to be one of the protocol."""
    done = subprocess.run(
        (python, str(INSIDE / "train.py")),
        input=msgspec.json.encode(request),
        env={**os.environ, "PYTHONPATH": "", **environ},
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:].decode()
    return [_DECODER.decode(line) for line in done.stdout.splitlines()]


def ended(found: list[Event]) -> list[Done]:
    """How the cells ended, in order."""
    return [event for event in found if isinstance(event, Done)]
