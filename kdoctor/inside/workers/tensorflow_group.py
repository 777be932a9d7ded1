"""TensorFlow's part: MultiWorkerMirroredStrategy in an own loop.

Keras 3 does not train by it in `fit`, which cannot take the distributed batches (keras#20585; TensorFlow 2.21 with
Keras 3.15 fails so, measured 2026-11-22). A loop of strategy.run with Keras's own optimizer works.
"""

import json
import os

from training import tensorflow_backend
from training.model import optimizer_variables


class Group:
    """This worker of the strategy."""

    name = "MultiWorkerMirroredStrategy"

    def __init__(self, asked, circle, patience_s):
        """Import TensorFlow; the strategy has to be made before anything is computed."""
        import tensorflow as tf

        self.tf, self.circle, self.asked = tf, circle, asked
        self.backend = None

    def join(self):
        """All of them at once."""
        tf, circle = self.tf, self.circle
        peers = ["%s:%d" % (address, port) for address, port in circle.all([circle.address, circle.free_port()])]
        task = {"type": "worker", "index": circle.rank}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": peers}, "task": task})
        threads = self.asked["threads"]
        if self.asked["device"] == "cpu":
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        gpus = tf.config.list_physical_devices("GPU")
        kind, _, number = self.asked["device"].partition(":")
        own = gpus[int(number) : int(number) + 1] if kind == "gpu" else []
        tf.config.set_visible_devices(own, "GPU")
        for gpu in own:
            tf.config.experimental.set_memory_growth(gpu, True)
        self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
        self.backend = tensorflow_backend.Backend(self.asked["device"])
        self.name = "MultiWorkerMirroredStrategy, own loop"

    def trainer(self, make, workload):
        """What trains the model that ``make`` makes, alone and together."""
        with self.strategy.scope():
            common = make()
        return Trainer(self, make(), common, workload)

    def exchange(self, shapes):
        """The sum of gradients of these shapes over the workers, once."""
        tf, strategy = self.tf, self.strategy
        zeros = [tf.zeros(shape) for shape in shapes]

        def one():
            summed = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, zeros)
            return tf.add_n([tf.reshape(value, (-1,))[0] for value in summed])  # so that none is left out

        compiled = tf.function(lambda: strategy.run(one), autograph=False)
        return lambda: float(compiled())


class Trainer:
    """A step of an own model, and one of a model whose variables are those of all workers."""

    per_shard = True  # BatchNormalization sees a worker's own samples

    def __init__(self, group, own, common, workload):
        """Compiled models of the same weights."""
        tf = group.tf
        self.tf, self.group, self.model, self.common = tf, group, own, common
        loss_of = group.backend.keras.losses.get(workload.LOSS)
        world = float(group.circle.world)
        own.optimizer.build(own.trainable_variables)
        with group.strategy.scope():
            common.optimizer.build(common.trainable_variables)

        def gradients_of(model, x, y, share):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(loss_of(y, model(x, training=True)))
            return loss, [share * value for value in tape.gradient(loss, model.trainable_variables)]

        def apart(x, y):
            loss, gradients = gradients_of(own, x, y, 1.0)
            own.optimizer.apply(gradients, own.trainable_variables)
            return loss

        def together(x, y):
            loss, gradients = gradients_of(common, x, y, 1.0 / world)  # the optimizer sums them
            common.optimizer.apply(gradients, common.trainable_variables)
            return loss

        def whole(*shards):
            found = [gradients_of(own, x, y, 1.0 / len(shards)) for x, y in shards]
            summed = [tf.add_n(some) for some in zip(*(gradients for _, gradients in found))]
            own.optimizer.apply(summed, own.trainable_variables)
            return tf.add_n([loss for loss, _ in found]) / len(shards)

        self._apart = tf.function(apart, autograph=False)
        self._together = tf.function(lambda x, y: group.strategy.run(together, args=(x, y)), autograph=False)
        self._whole = tf.function(whole, autograph=False)

    def restart(self):
        """The common model begins with the weights of the own one, and an optimizer that has not stepped."""
        self.common.set_weights(self.model.get_weights())
        for mine, theirs in zip(optimizer_variables(self.model.optimizer), optimizer_variables(self.common.optimizer)):
            theirs.assign(mine.value)

    def put(self, x, y):
        """A batch of this worker's to where it trains."""
        return self.tf.constant(x), self.tf.constant(y)

    put_together = put

    def apart(self, x, y):
        """A step of this worker's own."""
        return float(self._apart(x, y))

    def together(self, x, y):
        """The same with the gradients of all workers."""
        return float(self._together(x, y))

    def whole(self, shards):
        """A step of one worker on what all workers would have at once."""
        return float(self._whole(*[self.put(x, y) for x, y in shards]))
