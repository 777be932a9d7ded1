"""What one worker does: the same losses as one worker alone, then rounds of training apart, together and alone.

Everything is measured in turns, round after round, so that a machine whose speed moves moves all of it. A step ends
when its loss was read back. *Apart*: all workers train at the same time, each by itself. *Together*: with the exchange
of gradients. *Alone*: the reference worker trains while the others wait.
"""

import time

from training import meter, model
from training.events import finite
from training.routes import Batches
from workers import links

CHECKED_STEPS = 4
ROUNDS = 6
WARM_STEPS = 2
FEWEST, MOST = 2, 200  # steps of one kind in a round
EXCHANGES = 5  # in a round


class Worker:
    """One of them; ``speaker`` tells what was measured."""

    def __init__(self, group, circle, speaker, asked, workload):
        """``asked``: the request."""
        import numpy as np

        self.np, self.group, self.circle, self.speaker = np, group, circle, speaker
        self.asked, self.workload, self.keras = asked, workload, group.backend.keras
        self.batch = asked["batch_size"] or workload.BATCH
        self.part = max(1, self.batch // circle.world)  # of a batch that the workers share
        self.loaded = workload.load(np, asked, max(self.batch, self.part * circle.world))

    def run(self):
        """All of it."""
        model.policy(self.keras, "float32")
        self.phase("checking")
        self._check()
        self.phase("warming")
        self.trainer = self.group.trainer(lambda: self._made(self.workload.RATE, silent=False), self.workload)
        self.count = int(self.trainer.model.count_params())
        self.batches = {size: self._batches(size) for size in {self.batch, self.part}}
        shapes = [tuple(one.shape) for one in self.trainer.model.trainable_variables]
        self.exchange, self.bytes = self.group.exchange(shapes), 4 * sum(int(self.np.prod(some)) for some in shapes)
        self._warm()
        self.speaker.say(
            "built",
            batch_size=self.batch,
            part=self.part,
            parameters=self.count,
            reference=self.reference,
            data=self.loaded[4],
            route=self.group.name,
        )
        for number in range(ROUNDS):
            self.phase("measuring %d of %d" % (number + 1, ROUNDS))
            self._round(number)
        self.phase("trying the links")
        links.measure(self.circle, self._said_of_link)

    def phase(self, name):
        """Say what comes next."""
        self.speaker.say("phase", phase=name)

    def _made(self, rate, silent):
        """The model, compiled; ``silent``: without dropout, whose numbers no two workers draw alike."""
        net = model.build(self.np, self.keras, self.workload, self.asked["seed"])
        for layer in model.dropouts(net) if silent else ():
            layer.rate = 0.0
        net.compile(optimizer=self.workload.optimizer(self.keras, rate), loss=self.workload.LOSS)
        return net

    def _batches(self, size):
        return Batches(self.loaded[0], self.loaded[1], size)

    def _check(self):
        """The losses of the first steps, together and by one worker that has the whole batch."""
        rate = getattr(self.workload, "FIRST_RATE", self.workload.RATE)
        trainer = self.group.trainer(lambda: self._made(rate, silent=True), self.workload)
        start, world, rank = model.Start(trainer.model), self.circle.world, self.circle.rank
        common = self._batches(self.part * world)
        shards = []
        for index in range(CHECKED_STEPS):
            x, y = common.items[index % common.count]
            edges = [number * self.part for number in range(world + 1)]
            shards.append([(x[begin:end], y[begin:end]) for begin, end in zip(edges, edges[1:])])
        trainer.restart()
        own = [trainer.together(*trainer.put_together(*some[rank])) for some in shards]
        losses = [sum(some) / world for some in zip(*self.circle.all(own))]
        start.again()
        trainer.restart()
        if rank == 0:
            expected = [trainer.whole(some) for some in shards]
            self.speaker.say("checked", losses=list(map(finite, losses)), expected=list(map(finite, expected)))
        self.circle.all(None)

    def _warm(self):
        """Compile what there is, see how long a step takes, and choose the worker that others are compared with."""
        own = {}
        for size in sorted(self.batches):
            own[size] = self._steps("apart", size, WARM_STEPS)[-1][1]
            self._steps("together", size, WARM_STEPS)
        self.exchange()
        every = self.circle.all(own[self.batch])
        self.reference = sorted(range(len(every)), key=lambda number: every[number])[(len(every) - 1) // 2]
        kinds = 3.0 * len(self.batches) * ROUNDS
        self.steps = {
            size: self.circle.agree(max(FEWEST, min(meter.sized(self.asked["seconds"] / kinds, own[size]), MOST)))
            for size in sorted(self.batches)
        }

    def _round(self, number):
        for size in sorted(self.batches):
            for kind in ("apart", "together", "alone"):
                rows = self._steps(kind, size, self.steps[size])
                if rows:
                    waits, seconds, cpu_s = zip(*rows)
                    self.speaker.say(
                        "steps", kind=kind, batch_size=size, round=number, waits=waits, seconds=seconds, cpu_s=cpu_s
                    )
        self.circle.all(None)
        times = [meter.timed(lambda _: self.exchange(), 1) for _ in range(EXCHANGES)]
        self.speaker.say("exchange", bytes=self.bytes, seconds=times)

    def _steps(self, kind, size, steps):
        """(seconds of waiting for the batch, seconds of the step with it, seconds of processors) of each."""
        trainer, batches = self.trainer, self.batches[size]
        put = trainer.put_together if kind == "together" else trainer.put
        step = trainer.together if kind == "together" else trainer.apart
        rows = []
        self.circle.all(None)
        for _ in range(steps if kind != "alone" or self.circle.rank == self.reference else 0):
            cpu, begun = time.process_time(), time.perf_counter()
            batch = put(*batches.next())
            ready = time.perf_counter()
            step(*batch)
            ended = time.perf_counter()
            rows.append((ready - begun, ended - begun, time.process_time() - cpu))
        return rows

    def _said_of_link(self, first, second, per_s, trip_s, trouble=""):
        self.speaker.say("link", first=first, second=second, per_s=per_s, trip_s=trip_s, trouble=trouble)
