"""A recurrent net on reviews of 80 words: an embedding of 64, one LSTM of 64, Adam, batches of 64."""

from workloads import _download, _flops, _reviews
from workloads._optimizers import adam

load, optimizer, download = _reviews.load, adam, _download.imdb
STYLE = "recurrent"
LOSS = "binary_crossentropy"
BATCH, EPOCHS = 64, 5
RATE = 0.001
PARAMETERS = 5000 * 64 + 4 * (128 * 64 + 64) + 65


def layers(keras):
    """The layers."""
    new = keras.layers
    return [
        keras.Input(shape=(_reviews.WORDS,), dtype="int32"),
        new.Embedding(_reviews.VOCABULARY, 64),
        new.LSTM(64),
        new.Dense(1, activation="sigmoid", dtype="float32"),
    ]


def flops():
    """Of training on one sample; the embedding is a look-up."""
    return _flops.lstm(_reviews.WORDS, 64, 64) + _flops.dense((64, 1), first=False)
