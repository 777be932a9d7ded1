"""How workers meet and talk, by real sockets."""

from __future__ import annotations

import contextlib
import importlib
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        return int(server.getsockname()[1])


def asked(rank: int, world: int, port: int, word: str = "word") -> dict[str, object]:
    return {"rank": rank, "world": world, "address": LOOPBACK, "port": port, "word": word}


def together(world: int, work: Callable[[Any], object]) -> list[Any]:
    """What ``work`` gives in each worker of a circle."""
    circle, port = importlib.import_module("workers.circle"), free_port()

    def one(rank: int) -> object:
        mine = circle.Circle(asked(rank, world, port), 20.0)
        with contextlib.closing(mine):
            return work(mine)

    with ThreadPoolExecutor(world) as pool:
        return list(pool.map(one, range(world)))


def test_all_hear_what_each_says_in_the_order_of_their_numbers() -> None:
    assert together(4, lambda one: one.all([one.rank, "x" * 1000])) == [[[n, "x" * 1000] for n in range(4)]] * 4


def test_worker_0_decides() -> None:
    assert together(3, lambda one: one.agree(one.rank + 7)) == [7, 7, 7]


def test_a_worker_alone_talks_to_itself() -> None:
    assert together(1, lambda one: one.all("here")) == [["here"]]


@pytest.mark.parametrize("leaver", [0, 1, 2])
def test_all_know_at_once_when_one_has_left(leaver: int) -> None:
    def work(one: Any) -> object:  # noqa: ANN401  of a module that is imported by name
        one.all(None)
        try:
            for _ in range(3 if one.rank != leaver else 0):
                one.all("still here")
        except Exception as error:  # noqa: BLE001  its class has no name here
            return str(error)[:8]
        finally:
            one.close()
        return "left"

    found = together(3, work)
    assert found[leaver] == "left"
    assert [said for said in found if said.startswith("worker ")] == [said for said in found if said != "left"]
    assert found.count("left") == 1


def test_who_does_not_come_is_named_and_a_stranger_is_no_worker() -> None:
    circle, port = importlib.import_module("workers.circle"), free_port()

    def stranger() -> None:
        for said in (
            b'{"word": "guessed", "rank": 1}\n',
            b"GET / HTTP/1.1\r\n\r\n",
            b"[]\n",
            b'{"word": "word", "rank": 9}\n',
        ):
            while True:
                try:
                    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
                        connection.sendall(said)
                        connection.shutdown(socket.SHUT_WR)
                        connection.recv(1)
                    break
                except ConnectionRefusedError:
                    pass

    thread = threading.Thread(target=stranger, daemon=True)
    thread.start()
    with pytest.raises(circle.Gone, match="worker 1 did not come"):
        circle.Circle(asked(0, 2, port), 1.5)
    thread.join(10)


def test_worker_0_that_is_not_there_is_waited_for_and_then_named() -> None:
    circle = importlib.import_module("workers.circle")
    with pytest.raises(circle.Gone, match="worker 0 at 127"):
        circle.Circle(asked(1, 2, free_port()), 0.5)


@pytest.mark.parametrize("world", [1, 2, 3, 4, 5, 8])
def test_each_worker_is_tried_with_its_neighbours_and_has_one_at_a_time(world: int) -> None:
    rounds = importlib.import_module("workers.links").neighbours(world)
    pairs = [pair for one in rounds for pair in one]
    assert len(pairs) == {1: 0, 2: 1}.get(world, world)
    for one in rounds:
        busy = [number for pair in one for number in pair]
        assert len(busy) == len(set(busy))


@pytest.mark.skipif(sys.platform != "linux", reason="other platforms have one loopback address")
def test_links_between_machines_are_measured_and_memory_is_none() -> None:
    links, lock = importlib.import_module("workers.links"), threading.Lock()
    said: list[tuple[float | str, ...]] = []

    def say(*found: float | str) -> None:
        with lock:
            said.append(found)

    def work(one: Any) -> None:  # noqa: ANN401  of a module that is imported by name
        one.address = f"127.0.0.{1 if one.rank < 2 else 2}"
        links.measure(one, say)

    together(3, work)
    assert {(first, second) for first, second, *_ in said} == {(1, 2), (2, 0)}  # 0 and 1 share a machine
    for _, _, per_s, trip_s in said:
        assert float(per_s) > 1e7
        assert 0 < float(trip_s) < 1
