"""What the network between two workers carries, by plain TCP, without any framework.

Each worker is tried with the next one, the last with the first. Workers on one machine are left out: memory is no link.
"""

import contextlib
import socket
import time

from training.ranks import listening

PIECE = 1 << 18
LASTS_S = 0.5  # of sending; a slow link is measured by what arrives in it
PINGS = 20
PATIENCE_S = 20.0


def neighbours(world):
    """The pairs, in rounds in which no worker has two of them."""
    pairs = [(number, (number + 1) % world) for number in range(world)] if world > 2 else [(0, 1)][: world - 1]  # noqa: PLR2004
    rounds = []
    for pair in pairs:
        free = [one for one in rounds if not any(set(pair) & set(other) for other in one)]
        if free:
            free[0].append(pair)
        else:
            rounds.append([pair])
    return rounds


def measure(circle, say):
    """Say of every pair on two machines, from its first worker: bytes a second and the seconds of a round trip."""
    machines = circle.all(circle.address)
    for pairs in neighbours(circle.world):
        mine = [pair for pair in pairs if circle.rank in pair and machines[pair[0]] != machines[pair[1]]]
        server = listening(circle.address, 0, 1) if mine and mine[0][1] == circle.rank else None
        ports = circle.all(server.getsockname()[1] if server else 0)
        if mine:
            first, second = mine[0]
            try_one(server, machines[second], ports[second], (first, second), say)
        circle.all(None)


def try_one(server, address, port, pair, say):
    """One side of a pair: the one that listens, or the one that tells."""
    try:
        if server:
            with contextlib.closing(server):
                answer(server)
        else:
            say(*pair, *ask(address, port))
    except OSError as error:
        if not server:
            say(*pair, 0.0, 0.0, str(error))


def ask(address, port):
    """Ping, send for a while, then receive for a while: the slower direction, and a round trip."""
    with connected(socket.create_connection((address, port), timeout=PATIENCE_S)) as connection:
        trips = []
        for _ in range(PINGS):
            begun = time.perf_counter()
            connection.sendall(b".")
            if not connection.recv(1):
                raise OSError("the other side has left")
            trips.append(time.perf_counter() - begun)
        send(connection)
        said = b""
        while not said.endswith(b"\n"):
            part = connection.recv(100)
            if not part:
                raise OSError("the other side has left")
            said += part
    with connected(socket.create_connection((address, port), timeout=PATIENCE_S)) as connection:
        back = received(connection)
    return min(float(said), back), sorted(trips)[PINGS // 2]


def answer(server):
    """The other side of it."""
    server.settimeout(PATIENCE_S)
    with connected(server.accept()[0]) as connection:
        for _ in range(PINGS):
            if connection.recv(1):
                connection.sendall(b".")
        connection.sendall(b"%f\n" % received(connection))
    with connected(server.accept()[0]) as connection:
        send(connection)


def connected(connection):
    """A connection that is closed at the end and waits for nothing for ever."""
    connection.settimeout(PATIENCE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return contextlib.closing(connection)


def send(connection):
    """Fill the link for a while."""
    piece, end = b"\0" * PIECE, time.perf_counter() + LASTS_S
    while time.perf_counter() < end:
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)


def received(connection):
    """Bytes a second of what comes until its end; what the first piece took is not known, so that it does not count."""
    came, begun, last = 0, 0.0, 0.0
    buffer = bytearray(PIECE)
    while True:
        count = connection.recv_into(buffer)
        if not count:
            return came / (last - begun) if last > begun else 0.0
        last = time.perf_counter()
        came += count if begun else 0
        begun = begun or last
