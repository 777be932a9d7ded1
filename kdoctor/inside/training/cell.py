"""Train one cell: first steps to compare, a workload's own proof, then chunks under the clock, then held-out data."""

import math

from training import meter, model
from training.events import finite
from training.routes import Batches, Documented, Fit

FIRST_STEPS = 5
HALF = 0.5  # a probability that decides between two classes


class Cell:
    """One cell on its backend."""

    def __init__(self, backend, speaker, index, asked, workload):
        """``asked``: the cell as the request has it."""
        import numpy as np

        self.np, self.backend, self.keras, self.speaker = np, backend, backend.keras, speaker
        self.index, self.asked, self.workload = index, asked, workload
        self.size = getattr(workload, "WHOLE_BATCH", 0) or asked["batch_size"] or workload.BATCH
        self.rate = asked["rate"] or self._own_rate()
        self.done = {"batch_size": self.size, "flops_per_sample": workload.flops(), "checks": {}}

    def _own_rate(self):
        documented = getattr(self.workload, "DOCUMENTED_RATE", self.workload.RATE)
        return documented if self.asked["mode"] == "documented" else self.workload.RATE

    def refusal(self):
        """Why this backend or device cannot do what is asked, "" where it can."""
        asked, backend = self.asked, self.backend
        if asked["device"] != backend.device:
            return "this child trains on %s" % backend.device
        reason = backend.lacks(asked["precision"])
        if not reason and asked["mode"] == "limit":
            reason = "an own loop over several devices is not measured" if backend.strategy is not None else ""
            if asked["full"] and hasattr(self.workload, "augmented"):
                reason = "images are augmented on the host, which an own loop over data on the device leaves out"
        if not reason and asked["mode"] == "documented" and backend.ranks is not None:
            reason = "train_on_batch trains on one device with PyTorch"
        if not reason and self.size % backend.replicas():
            reason = "a batch of %d cannot be shared by %d devices" % (self.size, backend.replicas())
        return reason

    def run(self):
        """All of it; what is found is in ``done``."""
        asked = self.asked
        if asked["download"] and not asked["data"] and hasattr(self.workload, "download"):
            self._download()
        self.phase("building")
        self.backend.forget_memory()
        model.policy(self.keras, self.asked["precision"])
        x, y, self.x_held, self.y_held, self.done["data"] = self.workload.load(self.np, self.asked, self.size)
        batches = self.batches = Batches(x, y, self.size)
        if self.asked["on_device"]:
            batches.put(self.backend.place)
        if self.backend.strategy is not None and hasattr(self.backend.strategy, "scope"):
            with self.backend.strategy.scope():
                self._train()
        else:
            self._train()
        self.done["memory_bytes"] = self.backend.memory()

    def _download(self):
        """Once, where several processes train together."""
        self.phase("downloading")
        ranks = self.backend.ranks
        if ranks is None or ranks.rank == 0:
            self.workload.download(self.keras)
        if ranks is not None:
            ranks.agree(0, self.backend.where)

    def phase(self, name):
        """Say what comes next."""
        self.speaker.say("phase", cell=self.index, phase=name, batch_size=self.size)

    def _train(self):
        self.net = model.build(self.np, self.keras, self.workload, self.asked["seed"])
        self.done["parameters"] = int(self.net.count_params())
        self.compiled = {"loss": self.workload.LOSS}
        self.compiled.update(self.backend.compile_options(self.workload, self.asked["mode"]))
        self.net.compile(optimizer=self.workload.optimizer(self.keras, self.rate), **self.compiled)
        self.start = model.Start(self.net)
        self.phase("compiling")
        route = self._first_steps()
        if hasattr(self.workload, "prove"):
            self.done["checks"].update(self.workload.prove(route, self._weights, self.rate, self.asked["seed"]))
        self._measure(route)
        self.phase("evaluating")
        self._exchange(route)
        route.finish()
        if hasattr(self.workload, "settle"):
            weights, seed = self._weights(route), self.asked["seed"]
            self.done["checks"].update(self.workload.settle(weights, self.rate, self.done["steps"], seed))
        self._evaluate()

    def _route(self):
        mode = self.asked["mode"]
        if self.backend.strategy is not None and not self.backend.fit_spreads(self.asked["on_device"]):
            return self.backend.spread(self.net, self.workload, self.batches)
        if mode == "documented":
            return Documented(self.net, self.batches)
        if mode == "limit":
            return self.backend.limit(self.net, self.workload, self.batches)
        return Fit(self.keras, self.net, self.batches, self.backend, self.compiled)

    def _weights(self, route):
        route.finish()
        return [float(value.reshape(-1)[0]) for value in self.net.get_weights()]

    def _first_steps(self):
        """Train the first steps without dropout, whose numbers no two backends draw alike; then start again."""
        silent = [(layer, layer.rate) for layer in model.dropouts(self.net)]
        for layer, _ in silent:
            layer.rate = 0.0
        first_rate = getattr(self.workload, "FIRST_RATE", self.rate)
        model.set_rate(self.net.optimizer, first_rate)
        route = self._route()
        losses = []
        first = meter.timed(lambda steps: losses.append(route.run(steps)), 1)
        self.done["first_step_s"] = first
        losses += [route.run(1) for _ in range(FIRST_STEPS - 1)]
        self.done["first_losses"] = [finite(loss) for loss in losses]
        for layer, rate in silent:
            layer.rate = rate
        self.start.again()
        if silent or first_rate != self.rate:
            self.net.compile(optimizer=self.workload.optimizer(self.keras, self.rate), **self.compiled)
            route = self._route()
        route.restart()
        return route

    def _measure(self, route):
        asked = self.asked
        self.phase("warming")
        if asked["full"]:
            self._augment()
        if asked["epochs"]:
            steps = self.batches.count
            route.resize_exactly(steps)
            route.run(steps)
            self.start.again()
            route.restart()
        else:
            steps = meter.calibrate(route, meter.chunk_seconds(asked))
        self.phase("measuring")
        clock = meter.Meter(self.speaker, self.index, asked, steps, route)
        if asked["full"] and hasattr(self.workload, "PLATEAU"):
            clock.after = Plateau(self.net.optimizer, **self.workload.PLATEAU)
        route.measure(clock)
        self.done.update(route=route.name, steps=clock.taken * steps, loss=finite(clock.losses[-1]))
        if asked["epochs"]:
            self.done["losses"] = [finite(loss) for loss in clock.losses]
        self.losses = clock.losses

    def _exchange(self, route):
        """How long the gradients take from device to device when nothing else is done."""
        if self.backend.strategy is not None:
            exchange = self.backend.exchange(self.net)
            self.done["checks"]["communication_s"] = meter.typical(exchange, route.agree)

    def _augment(self):
        if hasattr(self.workload, "augmented"):
            draw = self.np.random.RandomState(self.asked["seed"] + 5)
            self.batches.change = lambda x: self.workload.augmented(self.np, self.np.asarray(x), draw)

    def _evaluate(self):
        """On data that were not trained on."""
        np, checks = self.np, self.done["checks"]
        predicted = np.asarray(self.net.predict(self.x_held, batch_size=self._held_size(), verbose=0), "float64")
        expected = np.asarray(self.y_held, "float64")
        if self.workload.LOSS == "mse":
            checks["held_out_cost"] = float(np.mean((predicted - expected) ** 2))
        else:
            right = (
                predicted.argmax(1) == expected.argmax(1) if expected.shape[1] > 1 else (predicted > HALF) == expected
            )
            self.done["accuracy"] = checks["accuracy"] = float(np.mean(right))
        checks["loss_first"] = self.done["first_losses"][0]
        checks["loss_last"] = self.done["loss"]
        losses = self.losses + [math.nan if one is None else one for one in self.done["first_losses"]]
        checks["losses_not_finite"] = float(sum(1 for loss in losses if finite(loss) is None))
        self.done["checks"] = {name: None if value is None else finite(value) for name, value in checks.items()}

    def _held_size(self):
        """A size of batch that several devices can share."""
        return min(self.size, len(self.x_held) // self.backend.replicas() * self.backend.replicas() or 1)


class Plateau:
    """Lowers the learning rate where the loss of an epoch has not fallen for a while, as Keras's callback does."""

    def __init__(self, optimizer, factor, patience, floor):
        """``floor``: the smallest learning rate."""
        self.optimizer, self.factor, self.patience, self.floor = optimizer, factor, patience, floor
        self.best, self.waited = float("inf"), 0

    def __call__(self, loss):
        """An epoch has ended."""
        if loss < self.best - 1e-4:
            self.best, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            rate = model.rate_of(self.optimizer)
            model.set_rate(self.optimizer, max(rate * self.factor, self.floor))
            self.waited = 0
