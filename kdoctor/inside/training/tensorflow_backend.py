"""Keras on TensorFlow 2, with Keras 3 or 2."""

import os

from training import memory
from training.model import optimizer_variables
from training.routes import Route

FIRST_MAJOR = 2  # TensorFlow 1 has sessions
LOGICAL_CPUS = 2
COMPUTE_BFLOAT16, COMPUTE_FLOAT16 = (8, 0), (7, 0)


class Backend:
    """TensorFlow on one device, or on all of them by MirroredStrategy."""

    name = "tensorflow"
    fit_takes_many = True
    ranks = None  # other processes that train with this one
    source_name = "tf.data"

    def __init__(self, device):
        """Import TensorFlow and let it see that device only."""
        import tensorflow as tf

        self.tf, self.device, self.strategy, self.refused = tf, device, None, ""
        if int(tf.__version__.split(".")[0]) < FIRST_MAJOR:
            self.refused = "TensorFlow %s trains in another way: kdoctor bench needs TensorFlow 2" % tf.__version__
            return
        self.gpus = tf.config.list_physical_devices("GPU")
        self.on_gpu = device.startswith("gpu") or (device == "all" and bool(self.gpus))
        if device.startswith("gpu"):
            number = int(device.partition(":")[2] or 0)
            if number >= len(self.gpus):
                self.refused = "TensorFlow lists %d GPUs" % len(self.gpus)
                return
            self.gpus = self.gpus[number : number + 1]
        if not self.on_gpu:
            self.gpus = []
        tf.config.set_visible_devices(self.gpus, "GPU")
        for gpu in self.gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        if device == "all":
            self._spread()
        try:
            import keras
        except ImportError:
            from tensorflow import keras
        self.keras = keras

    def _spread(self):
        tf = self.tf
        if self.on_gpu:
            self.strategy = tf.distribute.MirroredStrategy()
            return
        one = tf.config.list_physical_devices("CPU")[0]
        count = max(LOGICAL_CPUS, min(os.cpu_count() or 1, 8))
        tf.config.set_logical_device_configuration(one, [tf.config.LogicalDeviceConfiguration()] * count)
        names = ["CPU:%d" % index for index in range(count)]
        across = tf.distribute.ReductionToOneDevice()
        self.strategy = tf.distribute.MirroredStrategy(names, cross_device_ops=across)

    def versions(self):
        """Of what trains."""
        return {"tensorflow": self.tf.__version__, "keras": self.keras.__version__}

    def devices(self):
        """In TensorFlow's words."""
        kind = "GPU" if self.on_gpu else "CPU"
        return [device.name for device in self.tf.config.list_logical_devices(kind)]

    def replicas(self):
        """How many devices share a batch."""
        return self.strategy.num_replicas_in_sync if self.strategy is not None else 1

    def tf32(self):
        """Whether a GPU rounds float32 products."""
        if not self.on_gpu:
            return None
        enabled = self.tf.config.experimental.tensor_float_32_execution_enabled()
        return bool(enabled and self._capability() >= COMPUTE_BFLOAT16)

    def _capability(self):
        details = self.tf.config.experimental.get_device_details(self.gpus[0])
        return tuple(details.get("compute_capability", (0, 0)))

    def lacks(self, precision):
        """Why the device cannot train so, "" where it can."""
        if precision == "mixed_float16" and not self.on_gpu:
            return "float16 on a CPU is emulated"
        if self.on_gpu and precision == "mixed_bfloat16" and self._capability() < COMPUTE_BFLOAT16:
            return "bfloat16 needs compute capability 8.0, this is %d.%d" % self._capability()
        if self.on_gpu and precision == "mixed_float16" and self._capability() < COMPUTE_FLOAT16:
            return "float16 products need compute capability 7.0, this is %d.%d" % self._capability()
        return ""

    def compile_options(self, workload, mode):
        """XLA helps dense nets, and hurts convolutions and recurrent nets on a CPU."""
        if mode != "public":
            return {}
        return {"jit_compile": workload.STYLE == "dense" and self.strategy is None}

    def place(self, array):
        """On the device."""
        with self.tf.device("/GPU:0" if self.on_gpu else "/CPU:0"):
            return self.tf.identity(self.tf.constant(array))

    def source(self, batches):
        """What fit reads, from where training has got to."""
        tf = self.tf
        if batches.change is not None:
            x, y = batches.items[0]
            shapes = (tf.TensorShape(x.shape), tf.TensorShape(y.shape))
            types = (tf.as_dtype(x.dtype), tf.as_dtype(y.dtype))
            return tf.data.Dataset.from_generator(batches.endless, types, shapes).prefetch(
                tf.data.experimental.AUTOTUNE
            )
        with tf.device("/CPU:0"):
            data = tf.data.Dataset.from_tensor_slices((batches.x, batches.y))
            data = data.repeat().skip(batches.position % batches.count).prefetch(tf.data.experimental.AUTOTUNE)
        if batches.on_device and self.on_gpu and self.strategy is None:
            data = data.apply(tf.data.experimental.prefetch_to_device("/GPU:0"))
        return data

    def limit(self, model, workload, batches):
        """The fastest own loop."""
        return Loop(self, model, workload, batches)

    def fit_spreads(self, on_device):
        """By MirroredStrategy, from data on the host."""
        return not on_device

    def spread(self, model, workload, batches):
        """Training on all devices, with the data on each."""
        return Resident(self, model, batches)

    def exchange(self, model):
        """The sum of the gradients over the replicas, so many times."""
        tf, strategy = self.tf, self.strategy
        of_each = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
        with strategy.scope():
            gradients = [
                tf.Variable(tf.zeros(one.shape), trainable=False, **of_each) for one in model.trainable_variables
            ]

        def once():
            values = [variable.read_value() for variable in gradients]
            summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)
            for variable, value in zip(gradients, summed):
                variable.assign(value)  # so that none of it is left out as unread

        def many(steps):
            def body(index):
                strategy.run(once)
                return (index + 1,)

            tf.while_loop(lambda index: index < steps, body, (tf.constant(0),), parallel_iterations=1)
            return tf.reshape(gradients[0].values[0], (-1,))[0]

        compiled = tf.function(many, autograph=False)
        return lambda steps: float(compiled(tf.constant(steps)))

    def forget_memory(self):
        """Count the peak anew."""
        memory.forget_peak()
        if self.on_gpu and hasattr(self.tf.config.experimental, "reset_memory_stats"):
            self.tf.config.experimental.reset_memory_stats("GPU:0")

    def memory(self):
        """The peak, in bytes."""
        if not self.on_gpu:
            return memory.peak()
        ask = getattr(self.tf.config.experimental, "get_memory_info", None)
        return int(ask("GPU:0")["peak"]) if ask is not None else 0

    def free(self):
        """Let go of what the last cell held."""
        self.keras.backend.clear_session()

    def product(self, size, dtype):
        """One large product."""
        tf = self.tf
        a = tf.cast(tf.random.normal((size, size)), dtype)

        multiply = tf.function(lambda: tf.reshape(tf.linalg.matmul(a, a), (-1,))[0], autograph=False)
        return lambda: float(multiply())

    def copy(self, count):
        """One large copy: an addition in place, which reads and writes everything once."""
        tf = self.tf
        variable = tf.Variable(tf.zeros((count,), tf.float32))

        def add():
            variable.assign_add(tf.ones_like(variable))
            return variable[0]

        compiled = tf.function(add, autograph=False, jit_compile=True)  # one kernel: the ones are never written
        return lambda: float(compiled())


class Loop(Route):
    """A tf.function that takes many steps at once over data on the device."""

    def __init__(self, backend, model, workload, batches):
        """A compiled model."""
        tf = backend.tf
        self.tf, self.model, self.batches, self.position = tf, model, batches, 0
        jit = workload.STYLE == "dense"
        self.name = "tf.function loop%s, data on the device" % (", XLA" if jit else "")
        self.x, self.y = backend.place(batches.x), backend.place(batches.y)
        loss_of = backend.keras.losses.get(workload.LOSS)
        optimizer = model.optimizer
        variables = model.trainable_variables
        if not optimizer_variables(optimizer) or hasattr(optimizer, "apply"):
            getattr(optimizer, "build", lambda _: None)(variables)
        count = batches.count

        def step(x, y):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.cast(loss_of(y, model(x, training=True)), tf.float32))
                scaled = scale(optimizer, loss)
            gradients = tape.gradient(scaled, variables)
            if hasattr(optimizer, "apply"):
                optimizer.apply(gradients, variables)
            else:
                if hasattr(optimizer, "get_unscaled_gradients"):
                    gradients = optimizer.get_unscaled_gradients(gradients)
                optimizer.apply_gradients(zip(gradients, variables))
            return loss

        def many(start, steps):
            def body(index, _):
                at = tf.math.floormod(start + index, count)
                return index + 1, step(tf.gather(self.x, at), tf.gather(self.y, at))

            zero = (tf.constant(0), tf.constant(0.0))
            return tf.while_loop(lambda index, _: index < steps, body, zero, parallel_iterations=1)[1]

        self.many = tf.function(many, autograph=False, **({"jit_compile": True} if jit else {}))

    def restart(self):
        """From the first batch."""
        self.position = 0

    def run(self, steps):
        """The loss of the last step."""
        start = self.tf.constant(self.position % self.batches.count)
        self.position += steps
        return float(self.many(start, self.tf.constant(steps)))


class Resident(Route):
    """Keras's own step on every replica, whose share of the data lies on its device: fit takes data from the host."""

    name = "strategy.run(train_step), data on the devices"

    def __init__(self, backend, model, batches):
        """A compiled model."""
        tf, strategy = backend.tf, backend.strategy
        self.tf, self.model, self.batches, self.position = tf, model, batches, 0
        self.x, self.y = (self._shares(strategy, array) for array in (batches.x, batches.y))
        count = batches.count
        build = getattr(model.optimizer, "build", None)
        if build is not None:
            build(model.trainable_variables)

        def step(x, y, at):
            model.train_step((tf.gather(x, at), tf.gather(y, at)))

        def many(start, steps):
            def body(index):
                strategy.run(step, args=(self.x, self.y, tf.math.floormod(start + index, count)))
                return (index + 1,)

            return tf.while_loop(lambda index: index < steps, body, (tf.constant(0),), parallel_iterations=1)

        self.many = tf.function(many, autograph=False)

    def _shares(self, strategy, array):
        replicas = strategy.num_replicas_in_sync
        size = array.shape[1] // replicas

        def share(context):
            number = context.replica_id_in_sync_group
            with self.tf.device(strategy.extended.worker_devices[number]):
                return self.tf.identity(self.tf.constant(array[:, number * size : (number + 1) * size]))

        return strategy.experimental_distribute_values_from_function(share)

    def restart(self):
        """From the first batch."""
        self.position = 0

    def run(self, steps):
        """The mean loss."""
        self.model.reset_metrics()
        start = self.tf.constant(self.position % self.batches.count)
        self.position += steps
        self.many(start, self.tf.constant(steps))
        return float(next(metric for metric in self.model.metrics if metric.name == "loss").result())


def scale(optimizer, loss):
    """The loss as float16 training multiplies it."""
    for name in ("scale_loss", "get_scaled_loss"):
        if hasattr(optimizer, name):
            return getattr(optimizer, name)(loss)
    return loss
