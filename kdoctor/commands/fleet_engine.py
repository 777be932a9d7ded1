"""`kdoctor fleet check` and `bench`: a command of kdoctor's on every node of a Ray cluster, merged into one report."""

from __future__ import annotations

import importlib.util
import sys
import zlib
from collections.abc import Callable, Iterator

import msgspec

from kdoctor.commands.check import Request, check
from kdoctor.fleet.merge import merge
from kdoctor.host.cluster import Asked, on_every_node
from kdoctor.host.stream import Ended
from kdoctor.model.codec import MAX_BYTES
from kdoctor.model.fleet import Answer, FleetReport, Lost
from kdoctor.model.trouble import Trouble
from kdoctor.render.json import render

CHECK = ("check", "--format", "json")
BENCH = ("bench", "--quick", "--format", "json")
PORTS = 1 << 16
WITHOUT = "without Ray there is `kdoctor fleet merge`"
Hear = Callable[[str], None]


class Joined(msgspec.Struct, frozen=True, tag="joined", tag_field="event"):
    """The cluster has let us in; nodes by the names that answers bear."""

    address: str
    nodes: tuple[str, ...]


class Answered(msgspec.Struct, frozen=True, tag="answer", tag_field="event"):
    """A node's report, compressed, or how it was lost."""

    node: str
    lost: Lost | None = None
    said: str = ""
    report: bytes = b""


class Stopped(msgspec.Struct, frozen=True, tag="stop", tag_field="event"):
    """No node could be asked."""

    reference: str
    message: str
    hint: str


class Alive(msgspec.Struct, frozen=True, tag="alive", tag_field="event"):
    """There is life."""


class Over(msgspec.Struct, frozen=True, tag="end", tag_field="event"):
    """Every node has answered or was lost."""


class Heard:
    """What the child has said so far."""

    def __init__(self, hear: Hear) -> None:
        """``hear``: is told in words of the progress."""
        self.hear = hear
        self.joined: Joined | None = None
        self.stopped: Stopped | None = None
        self.answers: dict[str, Answered] = {}
        self._decoder = msgspec.json.Decoder(Joined | Answered | Stopped | Alive | Over)

    def line(self, line: bytes) -> None:
        """Take one line in; what is none of ours is passed over."""
        try:
            event = self._decoder.decode(line)
        except (msgspec.DecodeError, ValueError):
            return
        if isinstance(event, Joined):
            self.joined = event
        elif isinstance(event, Stopped):
            self.stopped = event
        elif isinstance(event, Answered):
            self.answers[event.node] = event
        if self.joined is not None and not isinstance(event, Alive):
            self.hear(f"cluster at {self.joined.address}: {len(self.answers)} of {len(self.joined.nodes)} nodes")


def everywhere(asked: Asked, hear: Hear) -> FleetReport:
    """The report on all nodes of the cluster. Raises Trouble where none could be asked."""
    return merge(heard_of(asked, hear))


def heard_of(asked: Asked, hear: Hear) -> Iterator[Answer]:
    """What came back from the cluster. Raises Trouble where none could be asked."""
    refuse_address(asked.address)
    if importlib.util.find_spec("ray") is None:
        else_there_is = "`--address local` has all workers on this machine" if asked.workers else WITHOUT
        hint = f"Install it there: `pip install 'keras-doctor[fleet]'`; {else_there_is}."
        raise Trouble("fleet-ray-missing", f"Ray is not installed beside kdoctor, in {sys.prefix}", hint=hint)
    heard = Heard(hear)
    ended = on_every_node(asked, heard.line)
    if heard.stopped is not None and heard.joined is None:
        raise Trouble(heard.stopped.reference, heard.stopped.message, hint=heard.stopped.hint)
    if heard.joined is None:
        what = f"Ray ended without joining the cluster: {ended.detail or ended.why}"
        raise Trouble("fleet-ray-failed", what, hint=f"{WITHOUT.capitalize()}.")
    return answers(heard.joined, heard, ended)


def answers(joined: Joined, heard: Heard, ended: Ended) -> Iterator[Answer]:
    """An answer for every node that there was; those without one are lost with Ray's own process here."""
    for name in joined.nodes:
        event = heard.answers.get(name)
        if event is None:
            yield Answer(node=name, lost="died", said=f"Ray ended here before it answered: {ended.detail or ended.why}")
        elif event.lost is not None:
            yield Answer(node=name, lost=event.lost, said=event.said)
        else:
            yield unpacked(event)


def unpacked(event: Answered) -> Answer:
    """The report as bytes, never more than a report may have."""
    try:
        return Answer(node=event.node, report=zlib.decompressobj().decompress(event.report, MAX_BYTES + 1))
    except zlib.error as error:
        return Answer(node=event.node, lost="garbage", said=str(error))


def refuse_address(address: str) -> None:
    """Raise Trouble for what is no address."""
    host, _, port = address.rpartition(":")
    if address != "auto" and not (
        host and "/" not in host and port.isascii() and port.isdigit() and 0 < int(port) < PORTS
    ):
        message = f"--address {address}: expected auto, HOST:PORT or, for a check, local"
        raise Trouble("option-value-unknown", message, hint="PORT is that of the cluster's head, often 6379.", code=2)


def asked_for_check(address: str, python: str, limit_s: float) -> Asked:
    """What a check asks of every node."""
    return Asked(address=address, command=CHECK, python=python, limit_s=limit_s)


def asked_for_bench(address: str, python: str, limit_s: float) -> Asked:
    """What a bench asks of every node: with others' work beside it, it would call the wrong node slow."""
    return Asked(address=address, command=BENCH, python=python, limit_s=limit_s, alone=True)


def here(python: str) -> FleetReport:
    """The same report on this machine alone, without Ray. Raises Trouble."""
    checked = check(Request(python=python))
    report = render(checked.report, redact_for=checked.user).encode()
    return merge([Answer(node=checked.user.host_name or "localhost", report=report)])
