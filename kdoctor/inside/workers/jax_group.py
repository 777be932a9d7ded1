"""JAX's part: one program over the devices of all processes."""

from training import jax_backend


class Group:
    """This worker among JAX's processes."""

    name = "jax.distributed"

    def __init__(self, asked, circle, patience_s):
        """Import JAX; its devices are asked for only when the processes are one program."""
        import jax

        self.jax, self.circle, self.asked, self.patience_s = jax, circle, asked, patience_s
        self.backend = None

    def join(self):
        """All of them at once."""
        jax, circle, device = self.jax, self.circle, self.asked["device"]
        if device == "cpu":
            jax.config.update("jax_cpu_collectives_implementation", "gloo")
            listen_at(circle.address)
        address, port = circle.agree([circle.address, circle.free_port()])
        kind, _, number = device.partition(":")
        jax.distributed.initialize(
            "%s:%d" % (address, port),
            num_processes=circle.world,
            process_id=circle.rank,
            local_device_ids=[int(number)] if number else None,
            initialization_timeout=int(self.patience_s),
        )
        self.backend = jax_backend.Backend("gpu:0" if kind == "gpu" else device)
        if not self.backend.refused:
            self.backend.used = self.backend.used[:1]
            first = {one.process_index: one for one in reversed(jax.devices())}
            self.mesh = jax.sharding.Mesh([first[index] for index in range(circle.world)], ("workers",))
            self.name = "one jax.jit over %d processes" % circle.world

    def trainer(self, make, workload):
        """What trains the model that ``make`` makes, alone and together."""
        return Trainer(self, make(), workload)

    def sharded(self, *axes):
        """Along the first axis over the workers, or the same on each."""
        return self.jax.sharding.NamedSharding(self.mesh, self.jax.sharding.PartitionSpec(*axes))

    def exchange(self, shapes):
        """The sum of gradients of these shapes over the workers, once; on processors each is exchanged by itself."""
        jax, world = self.jax, self.circle.world

        def rows(shape):
            mine = self.backend.place(jax.numpy.zeros((1, *shape), "float32"))
            return jax.make_array_from_single_device_arrays((world, *shape), self.sharded("workers"), [mine])

        values = [rows(shape) for shape in shapes]
        total = jax.jit(lambda values: [value.sum(0) for value in values], out_shardings=self.sharded())
        return lambda: jax.block_until_ready(total(values))


def listen_at(address):
    """Have gloo listen where the others reach us: JAX has it listen at what the host's name means, often a loopback."""
    try:
        from jax._src import xla_bridge

        inner = getattr(xla_bridge, "_jax", None) or xla_bridge.xla_client._xla  # noqa: SLF001  there is no option
        make = inner.make_gloo_tcp_collectives
    except (ImportError, AttributeError):
        return  # another JAX, which may do better
    inner.make_gloo_tcp_collectives = lambda *given, **named: make(*given, **dict(named, hostname=address))


class Trainer:
    """A compiled step, once on this worker's device and once over those of all."""

    per_shard = False  # BatchNormalization sees the samples of all workers

    def __init__(self, group, model, workload):
        """A compiled model."""
        self.group, self.jax, self.model = group, group.jax, model
        step = jax_backend.stepper(group.backend, model, workload)
        self.alone, self.shared = (self.jax.jit(step, donate_argnums=0) for _ in range(2))
        self.restart()

    def restart(self):
        """From the model's weights."""
        group, world = self.group, self.group.circle.world
        values = jax_backend.variables_of(self.model)
        copy = self.jax.numpy.array
        self.own = tuple([group.backend.place(copy(one.value, copy=True)) for one in some] for some in values)

        def same(value):
            mine = group.backend.place(copy(value, copy=True))
            return self.jax.make_array_from_single_device_arrays(mine.shape, group.sharded(), [mine])

        self.common = tuple([same(one.value) for one in some] for some in values) if world > 1 else self.own

    def put(self, x, y):
        """A batch to this worker's device."""
        return self.jax.block_until_ready((self.group.backend.place(x), self.group.backend.place(y)))

    def put_together(self, x, y):
        """The same as this worker's part of the common batch."""
        return tuple(self._part(value) for value in self.put(x, y))

    def _part(self, mine):
        shape = (self.group.circle.world * mine.shape[0], *mine.shape[1:])
        return self.jax.make_array_from_single_device_arrays(shape, self.group.sharded("workers"), [mine])

    def apart(self, x, y):
        """A step of this worker's own."""
        self.own, loss = self.alone(self.own, x, y)
        return float(loss)

    def together(self, x, y):
        """The same with the gradients of all workers."""
        self.common, loss = self.shared(self.common, x, y)
        return float(loss.addressable_data(0))

    def whole(self, shards):
        """A step of one worker on what all workers would have at once."""
        import numpy as np

        return self.apart(*self.put(*(np.concatenate(some) for some in zip(*shards))))
