"""Three LSTM layers (64, 64, 32) on reviews of 80 words, Adam, batches of 64: many small dependent operations."""

from workloads import _download, _flops, _reviews
from workloads._optimizers import adam

load, optimizer, download = _reviews.load, adam, _download.imdb
STYLE = "recurrent"
LOSS = "binary_crossentropy"
BATCH, EPOCHS = 64, 5
RATE = 0.001
PARAMETERS = 5000 * 64 + 2 * 4 * (128 * 64 + 64) + 4 * (96 * 32 + 32) + 33


def layers(keras):
    """The layers."""
    new = keras.layers
    return [
        keras.Input(shape=(_reviews.WORDS,), dtype="int32"),
        new.Embedding(_reviews.VOCABULARY, 64),
        new.LSTM(64, return_sequences=True),
        new.LSTM(64, return_sequences=True),
        new.LSTM(32),
        new.Dense(1, activation="sigmoid", dtype="float32"),
    ]


def flops():
    """Of training on one sample; the embedding is a look-up."""
    words = _reviews.WORDS
    recurrent = _flops.lstm(words, 64, 64) + _flops.lstm(words, 64, 64) + _flops.lstm(words, 64, 32)
    return recurrent + _flops.dense((32, 1), first=False)
