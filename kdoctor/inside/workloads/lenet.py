"""LeNet on digits: two convolutions of 5 x 5 with pooling, three fully connected layers, Adam, batches of 64."""

from workloads import _digits, _download, _flops
from workloads._optimizers import adam

optimizer, download = adam, _download.mnist
STYLE = "convolution"
LOSS = "categorical_crossentropy"
BATCH, EPOCHS = 64, 5
RATE = 0.001
PARAMETERS = (25 * 6 + 6) + (150 * 16 + 16) + (400 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is)."""
    x, y, xt, yt, label = _digits.load(np, cell["data"], cell["seed"], batch)
    return x[..., None], y, xt[..., None], yt, label


def layers(keras):
    """The layers."""
    new = keras.layers
    return [
        keras.Input(shape=(28, 28, 1)),
        new.Conv2D(6, 5, padding="same", activation="relu"),
        new.MaxPooling2D(),
        new.Conv2D(16, 5, activation="relu"),
        new.MaxPooling2D(),
        new.Flatten(),
        new.Dense(120, activation="relu"),
        new.Dense(84, activation="relu"),
        new.Dense(10, activation="softmax", dtype="float32"),
    ]


def flops():
    """Of training on one sample."""
    first = _flops.convolution(28, 28, 6, 25, first=True)
    return first + _flops.convolution(10, 10, 16, 150, first=False) + _flops.dense((400, 120, 84, 10), first=False)
