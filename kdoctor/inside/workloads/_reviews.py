"""Reviews as word numbers: the user's imdb.npz, Keras's cache of it, or a seeded generator; nothing is downloaded.

Generated: 80 words, of which about 8 in 100 come from 50 words that only one sentiment uses.
"""

import os

from workloads._digits import whole

WORDS, VOCABULARY = 80, 5000
TRAINED, HELD_OUT = 2048, 500
TELLING, FIRST_PLAIN, SHARE = 50, 100, 0.08
START, UNKNOWN = 1, 2


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is); x (n, 80) of int32, y (n, 1) of 0 and 1."""
    data, seed = cell["data"], cell["seed"]
    path = data or cached()
    if path:
        with np.load(path, allow_pickle=True) as file:  # Keras's own format
            parts = [file[name] for name in ("x_train", "y_train", "x_test", "y_test")]
        order = np.random.RandomState(seed).permutation(len(parts[0]))
        x, y = padded(np, parts[0][order]), parts[1][order]
        xt, yt = (
            padded(np, parts[2][:: max(len(parts[2]) // HELD_OUT, 1)]),
            parts[3][:: max(len(parts[3]) // HELD_OUT, 1)],
        )
        label = "%s, %d reviews" % (data or "imdb.npz", len(x))
    else:
        draw = np.random.RandomState(seed + 3)
        x, y = generated(np, draw, TRAINED)
        xt, yt = generated(np, draw, HELD_OUT)
        label = "generated reviews, seed %d" % seed
    index = np.arange(whole(len(x), batch)) % len(x)
    return x[index], column(y[index]), xt, column(yt), label


def column(y):
    """Labels as (n, 1) of float32."""
    return y.astype("float32").reshape(-1, 1)


def cached():
    """Keras's own copy of the reviews, "" where there is none."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    path = os.path.join(home, "datasets", "imdb.npz")
    return path if os.path.isfile(path) else ""


def padded(np, reviews):
    """The last 80 words of each review, zeros before; rare words are one number."""
    rows = np.zeros((len(reviews), WORDS), "int32")
    for index, review in enumerate(reviews):
        words = [START] + [word + 3 if word + 3 < VOCABULARY else UNKNOWN for word in review]
        words = words[-WORDS:]
        rows[index, WORDS - len(words) :] = words
    return rows


def generated(np, draw, count):
    """Seeded reviews."""
    y = draw.randint(0, 2, count)
    plain = draw.randint(FIRST_PLAIN, VOCABULARY, (count, WORDS))
    telling = draw.randint(1, TELLING, (count, WORDS)) + (y == 0)[:, None] * (TELLING - 1)
    chosen = draw.uniform(size=(count, WORDS)) < SHARE
    return np.where(chosen, telling, plain).astype("int32"), y
