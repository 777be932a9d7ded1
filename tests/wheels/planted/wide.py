"""A workload for tests: many weights and little to compute, so that several devices mostly exchange gradients."""

STYLE, LOSS = "dense", "mse"
BATCH, RATE = 8, 0.001
LEARNED_AFTER = LEAST_ACCURACY = 0
WIDTH = 4000


def load(np, cell, batch):
    """Noise."""
    x = np.random.RandomState(cell["seed"]).uniform(-1, 1, (40 * batch, WIDTH)).astype("float32")
    return x, x[:, :1], x[:batch], x[:batch, :1], "noise"


def layers(keras):
    """One wide layer."""
    new = keras.layers
    return [keras.Input(shape=(WIDTH,)), new.Dense(WIDTH, activation="relu"), new.Dense(1, dtype="float32")]


def optimizer(keras, rate):
    """The cheapest."""
    return keras.optimizers.SGD(learning_rate=rate)


def flops():
    """Of training on one sample."""
    return 6.0 * WIDTH * WIDTH
