"""Where a step of several workers goes, and who is blamed, on simulated workers."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdoctor.commands.fleet_scaling import exit_code
from kdoctor.fleet.scaling.report import report
from kdoctor.model.finding import Severity
from kdoctor.model.scaling import Exchange, Failed, Scaling, Steps
from kdoctor.render.scaling import lines
from tests.fleet.simulated import BYTES, Fleet


def judged(fleet: Fleet) -> Scaling:
    return report(fleet.workers(), workload="cats-dogs", backend="torch", seconds=1.0)


def names(found: Scaling) -> list[str]:
    return [verdict.name for verdict in found.verdicts]


def parts(found: Scaling, number: int = 0) -> dict[str, float]:
    return {part.name: part.share for part in found.scaled[number].parts}


def test_the_parts_are_what_was_planted() -> None:
    found = judged(Fleet(speeds=(1.0, 1.0), exchange_s=0.2, crowded=0.1))
    weak, strong = found.scaled
    assert weak.efficiency == pytest.approx(1.0 / 1.3, rel=0.01)
    assert weak.speed_up == pytest.approx(2.0 / 1.3, rel=0.01)
    assert parts(found)["communication"] == pytest.approx(0.2 / 1.3, abs=0.01)
    assert parts(found)["shared machine"] == pytest.approx(0.1 / 1.3, abs=0.01)
    assert strong.efficiency == pytest.approx(0.5 / (0.55 * 1.1 + 0.2), rel=0.01)
    assert parts(found, 1)["smaller batch"] == pytest.approx(0.05 / 0.805, abs=0.01)
    assert abs(parts(found)["rest"]) < 0.01
    assert names(found) == ["weak-scaling", "strong-scaling"]


@settings(deadline=None, max_examples=40)
@given(
    st.builds(
        Fleet,
        speeds=st.lists(st.floats(0.5, 2), min_size=2, max_size=6).map(tuple),
        exchange_s=st.floats(0.001, 2),
        hidden=st.floats(0, 1),
        divided=st.floats(-0.2, 1),
        crowded=st.floats(0, 1),
        jitter=st.floats(0, 0.02),
        seed=st.integers(0, 1000),
    )
)
def test_the_parts_add_up_to_the_step_and_next_to_nothing_is_left_unexplained(fleet: Fleet) -> None:
    for one in judged(fleet).scaled:
        assert one.ideal_ms + sum(part.ms for part in one.parts) == pytest.approx(one.step_ms, rel=1e-9)
        assert one.efficiency + sum(part.share for part in one.parts) == pytest.approx(1, rel=1e-9)
        assert abs(next(part.share for part in one.parts if part.name == "rest")) < 0.05


def test_what_training_hides_of_the_exchange_is_not_lost() -> None:
    found = judged(Fleet(exchange_s=0.4, hidden=0.75))
    assert parts(found)["communication"] == pytest.approx(0.1 / 1.1, abs=0.01)
    assert "behind computing" in " ".join(found.verdicts[0].evidence)


@pytest.mark.parametrize("slow", [0, 1])
@pytest.mark.parametrize("world", [2, 3, 8])
def test_a_slow_worker_is_named_and_no_other(world: int, slow: int) -> None:
    speeds = tuple(1.5 if rank == slow else 1.0 for rank in range(world))
    found = judged(Fleet(speeds=speeds, links=(1e10,) * world))
    blamed = [verdict for verdict in found.verdicts if verdict.name == "straggler"]
    assert [verdict.what.split(" is ")[0] for verdict in blamed] == [f"Worker {slow} on n{slow}"]
    assert "1.5x" in blamed[0].what
    assert parts(found)["imbalance"] == pytest.approx(0.5 / 1.6, abs=0.02)
    assert "slow-link" not in names(found)


@pytest.mark.parametrize(
    ("waits", "busy", "words"),
    [
        ((0.0001, 0.0001), (1.0, 1.0), "its processor is slower"),
        ((0.0001, 0.0001), (1.0, 0.6), "does not get its processors all the time"),
        ((0.0001, 0.5), (1.0, 0.6), "waits for its input 500 ms a step"),
    ],
)
def test_what_holds_a_slow_worker_back_is_told(waits: tuple[float, ...], busy: tuple[float, ...], words: str) -> None:
    found = judged(Fleet(speeds=(1.0, 1.6), waits=waits, busy=busy))
    assert words in next(verdict.why for verdict in found.verdicts if verdict.name == "straggler")


@pytest.mark.parametrize("speeds", [(1.0, 1.05), (1.0, 1.0, 1.0, 1.0), (0.97, 1.0, 1.02, 1.05, 1.0)])
def test_workers_that_differ_little_are_no_stragglers(speeds: tuple[float, ...]) -> None:
    assert "straggler" not in names(judged(Fleet(speeds=speeds)))


def test_a_link_that_the_exchange_fills_is_slow_and_is_named() -> None:
    found = judged(Fleet(exchange_s=2.1, links=(26e6,)))  # 53 MB each way
    blamed = next(verdict for verdict in found.verdicts if verdict.name == "slow-link")
    assert "between n0 and n1" in blamed.what
    assert "26 MB/s" in blamed.what


def test_of_many_links_the_slow_one_is_named() -> None:
    found = judged(Fleet(speeds=(1.0,) * 4, exchange_s=3.0, links=(1e9, 1e9, 26e6, 1e9)))
    blamed = [verdict.what for verdict in found.verdicts if verdict.name == "slow-link"]
    assert len(blamed) == 1
    assert "between n2 and n3" in blamed[0]
    assert "others 1000 MB/s" in blamed[0]


@pytest.mark.parametrize(("world", "slow"), [(3, 1), (4, 0), (8, 5)])
def test_a_worker_whose_links_are_all_slow_is_named(world: int, slow: int) -> None:
    links = tuple(26e6 if slow in (number, (number + 1) % world) else 1e9 for number in range(world))
    found = judged(Fleet(speeds=(1.0,) * world, exchange_s=3.0, links=links))
    blamed = next(verdict for verdict in found.verdicts if verdict.name == "slow-link")
    assert blamed.what.startswith(f"The links of n{slow} are slow: 26 MB/s")


def test_a_long_link_is_named_by_its_round_trip() -> None:
    found = judged(Fleet(exchange_s=0.4, links=(1e10,), trip_s=0.04))
    blamed = next(verdict for verdict in found.verdicts if verdict.name == "slow-link")
    assert blamed.what.startswith("The link between n0 and n1 is long: a round trip takes 40 ms")


@pytest.mark.parametrize(
    "fleet",
    [
        Fleet(exchange_s=0.4, links=(1e9,)),  # slow, but the link is idle: no link is to blame
        Fleet(exchange_s=0.01, links=(1e7,)),  # a slow link that nobody waits for
        Fleet(exchange_s=2.1),  # one machine
    ],
)
def test_a_link_is_not_blamed_for_what_it_does_not_do(fleet: Fleet) -> None:
    assert "slow-link" not in names(judged(fleet))


def test_machines_whose_speed_moves_get_no_verdict_on_speed() -> None:
    found = judged(Fleet(jitter=0.6))
    assert {"weak-scaling", "strong-scaling", "straggler", "slow-link"} & set(names(found)) == set()
    assert "noisy" in names(found)
    assert found.exit_reason == "ok"


@pytest.mark.parametrize(("losses", "expected"), [((0.7, 0.6), (0.7, 0.602)), ((0.7, None), (0.7, 0.6))])
def test_losses_that_differ_from_one_workers_are_an_error(
    losses: tuple[float | None, ...], expected: tuple[float | None, ...]
) -> None:
    found = judged(Fleet(losses=losses, expected=expected))
    assert (names(found)[0], found.verdicts[0].severity, found.exit_reason) == ("losses-differ", "error", "wrong")


def test_a_worker_that_died_is_named_and_those_that_it_took_with_it_are_not() -> None:
    died, left = Failed(kind="crashed", detail="SIGKILL"), Failed(kind="left", detail="worker 1: it has left")
    found = judged(Fleet(speeds=(1.0, 1.0, 1.0), failed=((0, left), (1, died), (2, left))))
    assert names(found) == ["worker-lost"]
    assert found.verdicts[0].what == "1 of 3 workers did not come to the end: 1 on n1."
    assert (found.exit_reason, found.scaled) == ("worker-lost", ())


def test_less_than_a_round_is_not_judged() -> None:
    cut = []
    for one in Fleet().workers():
        last = next(place for place, event in enumerate(one.events) if isinstance(event, Exchange))
        cut.append(msgspec.structs.replace(one, events=one.events[:last]))
    assert any(isinstance(event, Steps) for event in cut[0].events)
    assert report(cut, workload="lenet", backend="torch", seconds=1.0).scaled == ()


def test_what_a_framework_says_of_a_dead_peer_is_no_cause() -> None:
    died, followed = Failed(kind="crashed", detail="SIGKILL"), Failed(kind="error", detail="RuntimeError: Read error")
    found = judged(Fleet(speeds=(1.0, 1.0, 1.0), failed=((0, followed), (1, died))))
    assert found.verdicts[0].evidence == ("worker 1 on n1: SIGKILL",)


def test_each_estimate_says_that_it_is_one_and_gains_something() -> None:
    found = judged(Fleet(exchange_s=0.5))
    said = [text for text in found.verdicts[0].do.split(". ") if "efficiency is about" in text]
    assert len(said) >= 3
    assert all(text.startswith("Estimate: ") for text in said)
    gains = [int(text.rstrip(".%").rpartition(" ")[2]) for text in said]
    assert min(gains) > 100 * found.scaled[0].efficiency


def test_twice_the_batch_is_estimated_as_it_is_then_measured() -> None:
    small, large = Fleet(exchange_s=0.5), Fleet(speeds=(1.9, 1.9), exchange_s=0.5, batch=32)
    text = judged(small).verdicts[0].do
    said = int(text.partition("a batch of 32 for each worker the efficiency is about ")[2].partition("%")[0])
    assert said == pytest.approx(100 * judged(large).scaled[0].efficiency, abs=2)


def test_the_exchange_alone_is_told_in_bytes_and_time() -> None:
    exchange = judged(Fleet(exchange_s=0.1)).exchange
    assert exchange is not None
    assert exchange.bytes == BYTES
    assert exchange.ms == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_text_keeps_to_the_width_and_adds_up_to_the_eye(width: int) -> None:
    found = judged(Fleet(speeds=(1.0, 1.4), exchange_s=0.3, links=(1e8,)))
    text = ["".join(piece for piece, _ in line) for line in lines(found, width=width)]
    assert max(len(line) for line in text if not line.startswith(("weak", "strong", "  worker"))) <= max(width, 60)
    assert sum(line.rstrip().endswith("100%") for line in text) == 2


@pytest.mark.parametrize(
    ("fleet", "fail_on", "code"),
    [
        (Fleet(exchange_s=0.01), "warning", 0),
        (Fleet(exchange_s=3.0), "error", 0),
        (Fleet(exchange_s=3.0), "warning", 1),
        (Fleet(losses=(0.7, 0.9)), "error", 1),
        (Fleet(losses=(0.7, 0.9)), None, 0),
        (Fleet(failed=((0, Failed(kind="lost", detail="")), (1, Failed(kind="lost", detail="")))), "error", 1),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_verdict(fleet: Fleet, fail_on: Severity | None, code: int) -> None:
    assert exit_code(judged(fleet), fail_on=fail_on) == code


def test_where_the_workers_did_not_even_meet_nothing_was_measured() -> None:
    refused = Failed(kind="refused", detail="this Keras has no jax backend")
    found = [msgspec.structs.replace(one, events=(), failed=refused) for one in Fleet().workers()]
    assert exit_code(report(found, workload="lenet", backend="jax", seconds=1.0), fail_on="error") == 3
