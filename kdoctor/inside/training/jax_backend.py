"""Keras 3 on JAX."""

import os

from training import memory
from training.routes import Route

LOGICAL_CPUS = 2
COMPUTE_BFLOAT16 = (8, 0)


def surroundings(environ, device):
    """Variables that JAX reads when it is imported."""
    environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if device == "cpu":
        environ["JAX_PLATFORMS"] = "cpu"
    if device == "all":
        count = max(LOGICAL_CPUS, min(os.cpu_count() or 1, 8))
        flags = environ.get("XLA_FLAGS", "")
        environ["XLA_FLAGS"] = ("%s --xla_force_host_platform_device_count=%d" % (flags, count)).strip()


class Backend:
    """JAX on one device, or on all of them by keras.distribution."""

    name = "jax"
    fit_takes_many = True
    ranks = None  # other processes that train with this one
    source_name = "generator"

    def __init__(self, device):
        """Import JAX and make that device its default."""
        import jax

        self.jax, self.device, self.refused, self.strategy = jax, device, "", None
        found = jax.local_devices()  # all, unless other processes train too
        gpus = [one for one in found if one.platform in ("gpu", "cuda", "rocm")]
        self.on_gpu = device.startswith("gpu") or (device == "all" and bool(gpus))
        if device.startswith("gpu"):
            number = int(device.partition(":")[2] or 0)
            if number >= len(gpus):
                self.refused = "JAX lists %d GPUs" % len(gpus)
                return
            self.used = [gpus[number]]
        else:
            self.used = found if device == "all" else [jax.local_devices(backend="cpu")[0]]
        import keras

        self.keras = keras
        if keras.config.backend() != "jax":
            self.refused = "this Keras has no jax backend"
            return
        if device == "all":
            self._spread()
        else:
            jax.config.update("jax_default_device", self.used[0])

    def _spread(self):
        distribution = getattr(self.keras, "distribution", None)
        if distribution is None:
            self.refused = "this Keras has no keras.distribution"
            return
        kind = "gpu" if self.on_gpu else "cpu"
        names = ["%s:%d" % (kind, index) for index in range(len(self.used))]
        try:
            self.strategy = distribution.DataParallel(devices=names, auto_shard_dataset=False)
        except TypeError:  # before Keras 3.6
            self.strategy = distribution.DataParallel(devices=names)
        distribution.set_distribution(self.strategy)

    def versions(self):
        """Of what trains."""
        return {"jax": self.jax.__version__, "keras": self.keras.__version__}

    def devices(self):
        """In JAX's words."""
        kind = " " + self.used[0].device_kind if self.on_gpu else ""
        return [str(one) + kind for one in self.used]

    def replicas(self):
        """How many devices share a batch."""
        return len(self.used)

    def _capability(self):
        said = str(getattr(self.used[0], "compute_capability", "0.0"))
        return tuple(int(part) for part in said.split(".")[:2])

    def tf32(self):
        """Whether a GPU rounds float32 products."""
        if not self.on_gpu:
            return None
        chosen = self.jax.config.jax_default_matmul_precision
        return self._capability() >= COMPUTE_BFLOAT16 and chosen in (None, "default", "tensorfloat32", "high")

    def lacks(self, precision):
        """Why the device cannot train so, "" where it can."""
        if precision == "mixed_float16" and not self.on_gpu:
            return "float16 on a CPU is emulated"
        if self.on_gpu and precision == "mixed_bfloat16" and self._capability() < COMPUTE_BFLOAT16:
            return "bfloat16 needs compute capability 8.0, this is %d.%d" % self._capability()
        return ""

    def compile_options(self, workload, mode):
        """Keras compiles each step by itself."""
        return {}

    def place(self, array):
        """On the device; a batch on several as Keras lays it, so that it stays where it is."""
        return self.jax.device_put(array, self.used[0] if self.strategy is None else self._sharded("devices"))

    def _sharded(self, *axes):
        """Along the first axis over the devices, or the same on each."""
        sharding = self.jax.sharding
        mesh = sharding.Mesh(self.used, ("devices",))
        return sharding.NamedSharding(mesh, sharding.PartitionSpec(*axes))

    def fit_spreads(self, on_device):
        """By keras.distribution."""
        return True

    def exchange(self, model):
        """The sum of one number for each parameter over the devices, so many times."""
        jax, count = self.jax, len(self.used)
        zeros = jax.numpy.zeros((count, model.count_params()), "float32")
        kept = [jax.device_put(zeros, self._sharded("devices"))]
        total = jax.jit(lambda rows: rows.sum(0), out_shardings=self._sharded())

        def run(steps):
            for _ in range(steps):
                found = total(kept[0])
                if not self.on_gpu:
                    found.block_until_ready()  # logical devices wait for each other for ever where several are begun
            return float(found[0])

        return run

    def source(self, batches):
        """What fit reads, from where training has got to."""
        return batches.endless()

    def limit(self, model, workload, batches):
        """The fastest own loop."""
        return Loop(self, model, workload, batches)

    def forget_memory(self):
        """Count the peak anew; JAX cannot for a GPU."""
        memory.forget_peak()

    def memory(self):
        """The peak, in bytes."""
        if not self.on_gpu:
            return memory.peak()
        return int((self.used[0].memory_stats() or {}).get("peak_bytes_in_use", 0))

    def free(self):
        """Let go of what the last cell held."""
        self.keras.utils.clear_session()
        self.jax.clear_caches()

    def product(self, size, dtype):
        """One large product."""
        a = self.jax.random.normal(self.jax.random.PRNGKey(0), (size, size), dtype)
        multiply = self.jax.jit(lambda a: a @ a)
        return lambda: multiply(a).block_until_ready()

    def copy(self, count):
        """One large copy: an addition in place, which reads and writes everything once."""
        kept = [self.jax.numpy.zeros((count,), "float32")]
        add = self.jax.jit(lambda a: a + 1.0, donate_argnums=0)

        def once():
            kept[0] = add(kept[0])
            kept[0].block_until_ready()

        return once


def stepper(backend, model, workload):
    """A pure function: state and a batch to the next state and the loss; state as ``variables_of`` has it."""
    jax, optimizer = backend.jax, model.optimizer
    jnp = jax.numpy
    loss_of = backend.keras.losses.get(workload.LOSS)
    optimizer.build(model.trainable_variables)

    def loss_and_state(trained, other, optimized, x, y):
        predicted, other = model.stateless_call(trained, other, x, training=True)
        loss = jnp.mean(loss_of(y, predicted).astype("float32"))
        if type(optimizer).__name__ != "LossScaleOptimizer":
            return loss, (loss, other)
        with backend.keras.StatelessScope(state_mapping=list(zip(optimizer.variables, optimized))):
            return optimizer.scale_loss(loss), (loss, other)

    gradient = jax.grad(loss_and_state, has_aux=True)

    def step(state, x, y):
        trained, other, optimized = state
        gradients, (loss, other) = gradient(trained, other, optimized, x, y)
        trained, optimized = optimizer.stateless_apply(optimized, gradients, trained)
        return (trained, other, optimized), loss

    return step


def variables_of(model):
    """The model's variables and its optimizer's, in the groups that a step takes."""
    return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables


class Loop(Route):
    """A compiled function that takes many steps at once, or, for convolutions on a CPU, one."""

    def __init__(self, backend, model, workload, batches):
        """A compiled model."""
        jax = backend.jax
        jnp = jax.numpy
        self.jax, self.model, self.position = jax, model, 0
        self.x, self.y, self.count = backend.place(batches.x), backend.place(batches.y), batches.count
        self.fused = backend.on_gpu or workload.STYLE != "convolution"
        self.items = [] if self.fused else [(self.x[index], self.y[index]) for index in range(self.count)]
        self.name = "jax.jit %s, data on the device" % ("loop" if self.fused else "step")
        step = stepper(backend, model, workload)

        def many(state, start, steps, x, y):
            def body(index, carried):
                at = (start + index) % batches.count
                return step(carried[0], *(jax.lax.dynamic_index_in_dim(each, at, keepdims=False) for each in (x, y)))

            return jax.lax.fori_loop(0, steps, body, (state, jnp.float32(0.0)))

        self.step = jax.jit(many if self.fused else step, donate_argnums=0)
        self.restart()

    def restart(self):
        """From the model's weights and the first batch; copies, since the function takes over what it is given."""
        self.position = 0
        copy = self.jax.numpy.array
        self.state = tuple([copy(one.value, copy=True) for one in group] for group in variables_of(self.model))

    def run(self, steps):
        """The loss of the last step."""
        start, self.position = self.position, self.position + steps
        if self.fused:
            self.state, loss = self.step(self.state, start % self.count, steps, self.x, self.y)
        else:
            for index in range(start, start + steps):
                self.state, loss = self.step(self.state, *self.items[index % self.count])
        return float(loss)

    def finish(self):
        """The weights into the model."""
        for group, values in zip(variables_of(self.model), self.state):
            for variable, value in zip(group, values):
                variable.assign(value)
