"""From a solution to an environment: lock, stage, install, verify, commit; whatever fails, nothing is changed.

The verification is passed in. It sees the staging prefix: its interpreter and libraries work there, but paths that
packages hold (the first line of a script, activation) are already those of the final place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, Union

import msgspec

from kdoctor.fix.install import LOCK_FILE, Way, install
from kdoctor.fix.solve import Solution
from kdoctor.host.place import refuse, refuse_full, refuse_surroundings, same_disk
from kdoctor.host.workspace import Workspace, workspace
from kdoctor.model.plan import Download

if TYPE_CHECKING:
    from collections.abc import Callable

_UNPACKED = 3.5  # times the size of the packages: an estimate on the safe side, not measured
_LINKED = 0.3  # of it again where files are linked: what has the prefix written into it is copied


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying found; ``why`` ends the sentence "it was not made, because ..."."""

    is_good: bool
    why: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to make where. ``prefix``: an absolute path; ``wait_s``: for another kdoctor that makes the same."""

    solution: Solution
    prefix: str
    way: Way
    replace: bool = False
    wait_s: float = 0.0


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """The environment is there, complete and verified."""

    prefix: str
    packages: int
    lock_file: str
    verdict: Verdict


class NotVerified(msgspec.Struct, frozen=True, kw_only=True):
    """It was made beside its place, did not pass, and is gone; the prefix is what it was."""

    prefix: str
    verdict: Verdict


Executed: TypeAlias = Union[Made, NotVerified]  # noqa: UP007  an alias on Python 3.10


def check_place(order: Order) -> None:
    """Raise Trouble where ``execute`` would refuse to begin; changes nothing, for a dry run."""
    refuse_surroundings(order.prefix)
    cache, target = needed_bytes(order)
    refuse(order.prefix, replace=order.replace, need_bytes=target)
    refuse_full(order.way.cache, cache)


def needed_bytes(order: Order) -> tuple[int, int]:
    """About what the cache's disk and the prefix's disk have to hold, if nothing is in the cache yet."""
    unpacked = int(order.solution.total_bytes * _UNPACKED)
    if same_disk(order.prefix, order.way.cache):
        both = int(unpacked * (1 + _LINKED))
        return both, both
    return unpacked, unpacked


def execute(
    order: Order,
    verify: Callable[[str], Verdict],
    *,
    fill: Callable[[Workspace], None] | None = None,
    prepare: Callable[[Workspace], None] = lambda _: None,
    on_progress: Callable[[Download], None] = lambda _: None,
    on_wait: Callable[[str], None] | None = None,
) -> Executed:
    """Make the environment. Raises Trouble; the prefix is then what it was.

    ``fill`` puts the packages in where py-rattler is not to; ``prepare`` adds what is no conda package; ``verify``
    then gets the staging prefix.
    """
    refuse_surroundings(order.prefix)
    cache, need = needed_bytes(order)
    refuse_full(order.way.cache, cache)
    with workspace(order.prefix, replace=order.replace, need_bytes=need, wait_s=order.wait_s, on_wait=on_wait) as space:
        if fill is None:
            install(order.solution, space, order.way, on_progress)
        else:
            fill(space)
        prepare(space)
        verdict = verify(space.prefix)
        if not verdict.is_good:
            return NotVerified(prefix=order.prefix, verdict=verdict)
        space.commit()
    return Made(
        prefix=order.prefix,
        packages=len(order.solution.packages),
        lock_file=f"{order.prefix}/{LOCK_FILE}",
        verdict=verdict,
    )
