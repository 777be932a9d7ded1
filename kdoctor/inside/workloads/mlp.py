"""The multi-layer perceptron on digits: 784-500-500-10, sigmoid and softmax, Adam, batches of 100."""

from workloads import _digits, _download, _flops
from workloads._optimizers import adam

optimizer, download = adam, _download.mnist
STYLE = "dense"
TORCH_COMPILE = True  # a third of the time on a CPU
LOSS = "categorical_crossentropy"
BATCH, EPOCHS = 100, 20
RATE = 0.001
PARAMETERS = 784 * 500 + 500 + 500 * 500 + 500 + 500 * 10 + 10


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is)."""
    x, y, xt, yt, label = _digits.load(np, cell["data"], cell["seed"], batch)
    return x.reshape(len(x), -1), y, xt.reshape(len(xt), -1), yt, label


def layers(keras):
    """The layers."""
    new = keras.layers
    return [
        keras.Input(shape=(784,)),
        new.Dense(500, activation="sigmoid"),
        new.Dense(500, activation="sigmoid"),
        new.Dense(10, activation="softmax", dtype="float32"),
    ]


def flops():
    """Of training on one sample."""
    return _flops.dense((784, 500, 500, 10), first=True)
