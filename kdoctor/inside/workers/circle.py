"""How the workers talk beside the training: what one of them has to say, all of them hear.

Worker 0 listens and the others come to it. A worker that dies closes its connection, so that all others know at once;
what a framework makes of a dead peer differs, and some wait for minutes.
"""

import contextlib
import json
import socket
import time

from training.ranks import listening

MOST = 1 << 20  # bytes of what one worker says at once
AGAIN_S = 0.2


class Gone(Exception):  # noqa: N818  it is no error of the program
    """A worker did not come, or has left."""


class Line:
    """A connection on which documents go, a line each."""

    def __init__(self, connection):
        """Small documents go at once."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection, self.file = connection, connection.makefile("rb")

    def write(self, value):
        """One document."""
        self.connection.sendall(json.dumps(value).encode("utf-8") + b"\n")

    def read(self):
        """One document; raises Gone where none comes."""
        try:
            line = self.file.readline(MOST)
        except OSError as error:
            raise Gone(str(error)) from error
        if not line.endswith(b"\n"):
            raise Gone("it has left")
        return json.loads(line.decode("utf-8"))

    def close(self):
        """No more of it."""
        self.file.close()
        self.connection.close()


class Circle:
    """All workers; each has its number. A stranger does not know the word."""

    def __init__(self, asked, patience_s):
        """``asked``: the request, with ``rank``, ``world``, ``address``, ``port`` and ``word``."""
        self.rank, self.world, self.word = asked["rank"], asked["world"], asked["word"]
        self.address, self.lines, self.listening = asked["address"], {}, None
        deadline = time.time() + patience_s
        if self.rank:
            self._come(asked["port"], deadline)
        elif self.world > 1:
            self._wait(asked["port"], deadline)

    def _wait(self, port, deadline):
        self.listening = listening(self.address, port, self.world)
        while len(self.lines) < self.world - 1:
            self.listening.settimeout(max(0.01, deadline - time.time()))
            try:
                connection = self.listening.accept()[0]
            except socket.timeout as error:
                missing = [str(number) for number in range(1, self.world) if number not in self.lines]
                self.close()
                raise Gone("worker %s did not come" % ", ".join(missing)) from error
            connection.settimeout(max(0.01, deadline - time.time()))
            line = Line(connection)
            rank = self._known(line)
            if rank:
                connection.settimeout(None)
                self.lines[rank] = line
            else:
                line.close()

    def _known(self, line):
        """The number of the worker that comes, 0 for a stranger."""
        try:
            said = line.read()
        except (Gone, ValueError):
            return 0
        if not isinstance(said, dict) or said.get("word") != self.word:
            return 0
        rank = said.get("rank")
        return rank if rank in range(1, self.world) and rank not in self.lines else 0

    def _come(self, port, deadline):
        while True:
            try:
                connection = socket.create_connection((self.address, port), timeout=max(0.01, deadline - time.time()))
                break
            except OSError as error:
                if time.time() > deadline:
                    raise Gone("worker 0 at %s port %d: %s" % (self.address, port, error)) from error
                time.sleep(AGAIN_S)
        connection.settimeout(None)
        self.lines[0] = Line(connection)
        self.lines[0].write({"word": self.word, "rank": self.rank})
        self.address = connection.getsockname()[0]

    def all(self, value):
        """What each of them says, by number; to hear it is also to have waited for all."""
        if not self.rank:
            said = [value] + [self._heard(number) for number in range(1, self.world)]
            for number in range(1, self.world):
                with contextlib.suppress(OSError):  # who has left is noticed when it should speak
                    self.lines[number].write(said)
            return said
        try:
            self.lines[0].write(value)
        except OSError as error:
            raise Gone("worker 0: %s" % error) from error
        return self._heard(0)

    def _heard(self, number):
        try:
            return self.lines[number].read()
        except Gone as gone:
            raise Gone("worker %d: %s" % (number, gone)) from gone

    def close(self):
        """This worker leaves."""
        for line in self.lines.values():
            line.close()
        if self.listening is not None:
            self.listening.close()

    def agree(self, value):
        """Worker 0's value, for all."""
        return self.all(value)[0]

    def free_port(self):
        """A port of this worker's address on which nobody listens."""
        with contextlib.closing(listening(self.address, 0, 1)) as probe:
            return probe.getsockname()[1]
