"""The ways to train that every backend has: a loop over train_on_batch, and fit.

A route runs steps over the batches in order, again from the first after the last, and returns a loss as a Python float,
which has come back from the device.
"""

from training.meter import Stopwatch, timed

MOST_A_CALL = 4096  # steps that one execution of fit compiles into a loop
FEWEST_A_CALL = 16  # from here on a longer chunk is several executions, not another compilation


class Batches:
    """The data as batches, and where training has got to."""

    def __init__(self, x, y, size):
        """Whole batches only; views of the arrays."""
        self.count = len(x) // size
        self.x = x[: self.count * size].reshape((self.count, size, *x.shape[1:]))
        self.y = y[: self.count * size].reshape((self.count, size, *y.shape[1:]))
        self.items = [(self.x[index], self.y[index]) for index in range(self.count)]
        self.on_device = False
        self.change = None  # of a batch on the host, e.g. augmentation
        self.position = 0

    def put(self, place):
        """Lay every batch on the device."""
        self.items = [(place(x), place(y)) for x, y in self.items]
        self.on_device = True

    def next(self):
        """The next batch."""
        x, y = self.items[self.position % self.count]
        self.position += 1
        return (x, y) if self.change is None else (self.change(x), y)

    def endless(self):
        """Batch after batch, from where training has got to, which stays: whoever reads may read ahead."""
        ahead = self.position
        while True:
            x, y = self.items[ahead % self.count]
            ahead += 1
            yield (x, y) if self.change is None else (self.change(x), y)


class Route:
    """What the others have in common."""

    name = ""

    def agree(self, number):
        """The number that all processes which train together go by."""
        return number

    def total(self, number):
        """The number's sum over these processes."""
        return number

    def lasting(self, steps):
        """Seconds that a chunk of so many steps takes."""
        return timed(self.run, steps)

    def resize(self, steps):
        """Get ready for chunks of about so many steps; gives how many."""
        return steps

    def resize_exactly(self, steps):
        """As resize, for an epoch that must have so many steps."""

    def restart(self):
        """The model is again as it was at the start: begin with the first batch."""

    def measure(self, meter):
        """Chunk after chunk while the meter wants another."""
        meter.start()
        while meter.took(self.run(meter.steps)):
            pass

    def finish(self):
        """Leave the trained weights in the model."""


class Documented(Route):
    """One call of train_on_batch a step."""

    name = "train_on_batch"

    def __init__(self, model, batches):
        """A compiled model."""
        self.model, self.batches = model, batches

    def restart(self):
        """From the first batch."""
        self.batches.position = 0

    def run(self, steps):
        """The loss of the last step."""
        for _ in range(steps - 1):
            self.model.train_on_batch(*self.batches.next())
        self.model.reset_metrics()  # some releases of Keras return the mean since the last reset
        loss = self.model.train_on_batch(*self.batches.next())
        return float(loss[0] if isinstance(loss, (list, tuple)) else loss)


class Fit(Route):
    """One call of fit whose epochs are the chunks; several steps an execution where the backend can."""

    def __init__(self, keras, model, batches, backend, compiled):
        """``compiled``: the arguments of compile without the optimizer."""
        self.keras, self.model, self.batches, self.backend = keras, model, batches, backend
        self.compiled, self.per_call = compiled, 1

    @property
    def name(self):
        """What Keras was asked for."""
        jit = "" if "jit_compile" not in self.compiled else ", jit_compile=%s" % self.compiled["jit_compile"]
        many = ", steps_per_execution=%d" % self.per_call if self.per_call > 1 else ""
        return "fit(%s%s)%s" % (self.backend.source_name, many, jit)

    def resize(self, steps):
        """Compile for another number of steps an execution."""
        if not self.backend.fit_takes_many:
            return steps
        if self.per_call >= FEWEST_A_CALL and steps > self.per_call:
            return max(1, round(steps / float(self.per_call))) * self.per_call
        wanted = min(steps, MOST_A_CALL)
        if wanted != self.per_call:
            self.per_call = wanted
            self.model.compile(optimizer=self.model.optimizer, steps_per_execution=wanted, **self.compiled)
        return max(1, steps // wanted) * wanted

    def resize_exactly(self, steps):
        """As resize, for an epoch that must have so many steps: the largest divisor that can be compiled."""
        if not self.backend.fit_takes_many:
            return
        wanted = max(size for size in range(1, min(steps, MOST_A_CALL) + 1) if steps % size == 0)
        self.per_call = wanted
        self.model.compile(optimizer=self.model.optimizer, steps_per_execution=wanted, **self.compiled)

    def restart(self):
        """From the first batch."""
        self.batches.position = 0

    def _fit(self, steps, epochs, callbacks):
        source = self.backend.source(self.batches)
        self.batches.position += steps
        return self.model.fit(
            source, steps_per_epoch=steps, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks
        )

    def run(self, steps):
        """The mean loss.

        A single step is train_on_batch where the source is not tf.data: fit takes a batch from it to learn its shapes,
        which is lost.
        """
        if steps == 1 and self.backend.source_name != "tf.data":
            return Documented(self.model, self.batches).run(1)
        return float(self._fit(steps, 1, []).history["loss"][0])

    def lasting(self, steps):
        """The second epoch of a call: the first compiles, and sets up the input."""
        watch = Stopwatch()
        self._fit(steps, 2, [chunk_callback(self.keras, watch, skipped=1)])
        return watch.seconds

    def measure(self, meter):
        """One call of fit; where no number of epochs is asked, the first is not counted: it sets up the input."""
        callback = chunk_callback(self.keras, meter, skipped=0 if meter.epochs else 1)
        self._fit(meter.steps, meter.epochs or 10**6, [callback])


def chunk_callback(keras, meter, skipped):
    """A callback that reports each epoch to the meter."""

    class Chunks(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.left = skipped
            meter.start()

        def on_epoch_end(self, epoch, logs=None):
            if self.left:
                self.left -= 1
                meter.start()
            elif not meter.took(float(logs["loss"])):
                self.model.stop_training = True

    return Chunks()
