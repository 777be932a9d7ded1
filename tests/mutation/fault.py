"""What a fault is, and where all of them are found: a function in a module of ``tests/mutation/faults`` is enough."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import tomli

from tests.mutation import faults
from tests.mutation.altered import Altered

Break = Callable[[Altered], None]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A way to break a machine, and the rule that must name it.

    ``rule``: the primary finding; several where each of them is right. ``layer``: one of ``order.toml``.
    ``needs_gpu``: without an NVIDIA GPU nothing is broken by it.
    """

    name: str
    rule: tuple[str, ...]
    layer: str
    severity: Literal["error", "warning", "note"]
    needs_gpu: bool
    apply: Break


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """Faults that come before others of whatever layer: each name is a fault, or a layer in brackets."""

    first: tuple[str, ...]
    then: tuple[str, ...]
    why: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """Faults that together are none."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    why: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """``order.toml``."""

    layers: tuple[str, ...]
    before: tuple[Before, ...]
    nothing: tuple[Nothing, ...]


def fault(
    rule: str | tuple[str, ...],
    layer: str,
    *,
    severity: Literal["error", "warning", "note"] = "error",
    needs_gpu: bool = True,
) -> Callable[[Break], Fault]:
    """Make a fault of a function that breaks a machine, or raises UnfitError where it cannot."""

    def made(function: Break) -> Fault:
        return Fault(
            name=getattr(function, "__name__", ""),
            rule=(rule,) if isinstance(rule, str) else rule,
            layer=layer,
            severity=severity,
            needs_gpu=needs_gpu,
            apply=function,
        )

    return made


@functools.cache
def all_faults() -> tuple[Fault, ...]:
    """Every fault, in the order of the files and of the lines in them."""
    modules = sorted(module.name for module in pkgutil.iter_modules(faults.__path__))
    loaded = [importlib.import_module(f"{faults.__name__}.{name}") for name in modules]
    return tuple(item for module in loaded for item in vars(module).values() if isinstance(item, Fault))


@functools.cache
def order() -> Order:
    """The expected order of roots: data of its own, not that of kdoctor."""
    text = (Path(__file__).parent / "order.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomli.loads(text), Order)


SEVERITIES = ("error", "warning", "note")


def expected(one: Fault, other: Fault) -> tuple[str, ...]:
    """The rules of which one must be the primary finding where both faults are there; "" stands for no finding."""
    both = ((one, other), (other, one))
    if any(_named(first, row.one) and _named(second, row.other) for row in order().nothing for first, second in both):
        return ("",)
    for first, second in both:
        if any(_named(first, row.first) and _named(second, row.then) for row in order().before):
            return first.rule
    keys = [(SEVERITIES.index(item.severity), order().layers.index(item.layer)) for item in (one, other)]
    if keys[0] == keys[1]:
        return (*one.rule, *other.rule)
    return one.rule if keys[0] < keys[1] else other.rule


def _named(item: Fault, names: tuple[str, ...]) -> bool:
    gpu = "[needs-gpu]" in names and item.needs_gpu
    return gpu or item.name in names or f"[{item.layer}]" in names
