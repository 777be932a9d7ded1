"""Time a run of steps chunk by chunk.

A chunk is a fixed number of steps, ended by reading a number back from the device; what lies between two chunks (an
event that is printed) is not counted.
"""

import time

from training.events import finite

SHORTEST_CHUNK_S = 0.05
MOST_STEPS = 100000
OFF = 2.0  # a warm-up chunk that lasted so many times too long or too short is sized anew
FEWEST_CHUNKS, LONG_S = 5, 20.0  # so few are enough where they took so long: a large network on a CPU
TYPICAL_CHUNKS = 11
CALIBRATED_S = 0.1  # single steps are repeated for so long to size the first chunk
CALIBRATED_STEPS = 256
ROUNDS = 3


class Meter:
    """Says how long to go on, and reports each chunk."""

    def __init__(self, speaker, index, cell, steps, route):
        """``steps`` a chunk; with epochs there are exactly so many chunks, and none else."""
        self.speaker, self.index, self.steps, self.route = speaker, index, steps, route
        self.epochs, self.chunks, self.seconds = cell["epochs"], cell["chunks"], cell["seconds"]
        self.taken, self.elapsed, self.losses = 0, 0.0, []
        self.after = None  # called with each chunk's loss, outside the clock
        self.start()

    def start(self):
        """The next chunk begins."""
        self.cpu, self.time = time.process_time(), time.perf_counter()

    def took(self, loss):
        """A chunk has ended with that loss; True while another is wanted."""
        seconds, cpu = time.perf_counter() - self.time, self.route.total(time.process_time() - self.cpu)
        self.taken += 1
        self.elapsed += seconds
        self.losses.append(loss)
        self.speaker.say("chunk", cell=self.index, steps=self.steps, seconds=seconds, cpu_s=cpu, loss=finite(loss))
        if self.after is not None:
            self.after(loss)
        enough = self.taken >= FEWEST_CHUNKS and self.elapsed >= LONG_S
        more = not enough and (self.taken < self.chunks or self.elapsed < self.seconds)
        more = self.taken < self.epochs if self.epochs else bool(self.route.agree(more))
        self.start()
        return more


class Stopwatch:
    """A meter that takes the time of one chunk."""

    def start(self):
        """It begins."""
        self.time = time.perf_counter()

    def took(self, loss):
        """It has ended."""
        self.seconds = time.perf_counter() - self.time
        return False


def chunk_seconds(cell):
    """How long a chunk should last."""
    return max(cell["seconds"] / max(cell["chunks"], 1), SHORTEST_CHUNK_S)


def timed(run, steps):
    """Seconds that a run of that many steps takes."""
    started = time.perf_counter()
    run(steps)
    return time.perf_counter() - started


def sized(seconds, step_s):
    """How many steps last that long."""
    return int(max(1, min(round(seconds / max(step_s, 1e-9)), MOST_STEPS)))


def typical(run, agree):
    """Median seconds of one step of what is neither trained nor reported; ``run`` takes a number of steps."""
    run(1)
    steps = sized(SHORTEST_CHUNK_S, agree(timed(run, 1)))
    times = sorted(timed(run, steps) for _ in range(TYPICAL_CHUNKS))
    return times[TYPICAL_CHUNKS // 2] / steps


def calibrate(route, seconds):
    """Size a chunk and let the route take that size; gives the steps of a chunk."""
    steps, lasted = 1, route.agree(route.lasting(1))
    while lasted < min(CALIBRATED_S, seconds) and steps < CALIBRATED_STEPS:
        steps *= 2
        lasted = route.agree(route.lasting(steps))
    wanted = sized(seconds, lasted / steps)
    for _ in range(ROUNDS):
        steps = route.resize(wanted)
        lasted = route.agree(route.lasting(steps))
        wanted = sized(seconds, lasted / steps)
        if 1.0 / OFF <= wanted / float(steps) <= OFF:
            break
    return steps
