"""Reviews as word numbers: the user's imdb.npz, Keras's cache of it, or a seeded generator.

Generated: 80 words, of which about 8 in 100 come from 50 words that only one sentiment uses.
"""

from workloads import _npz
from workloads._digits import PARTS, users_or_own, whole

WORDS, VOCABULARY = 80, 5000
TRAINED, HELD_OUT = 2048, 500
TELLING, FIRST_PLAIN, SHARE = 50, 100, 0.08
START, UNKNOWN = 1, 2
DIMENSIONS = 2  # of reviews that are all as long


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is); x (n, 80) of int32, y (n, 1) of 0 and 1."""
    data, seed = cell["data"], cell["seed"]
    given = {"cached": "imdb.npz", "what": "reviews", "read": lambda path: read(np, path, seed)}
    (x, y, xt, yt), label = users_or_own(data, own=lambda: own(np, seed), **given)
    index = np.arange(whole(len(x), batch)) % len(x)
    return x[index], column(y[index]), xt, column(yt), label


def read(np, path, seed):
    """The reviews as Keras keeps them: word numbers by frequency, 0 or 1; training ones in random order."""
    parts = _npz.arrays(np, path, PARTS)
    for name, reviews, sentiments in (("train", parts[0], parts[1]), ("test", parts[2], parts[3])):
        is_table = getattr(reviews, "ndim", 0) == DIMENSIONS and reviews.dtype.kind in "ui"
        if not len(reviews) or not (is_table or isinstance(reviews, list)):
            raise _npz.DataError("%s: x_%s is not a list of word numbers for each review" % (path, name))
        if getattr(sentiments, "shape", ()) != (len(reviews),) or not np.isin(sentiments, (0, 1)).all():
            raise _npz.DataError("%s: y_%s is not 0 or 1 for each of %d reviews" % (path, name, len(reviews)))
    order = np.random.RandomState(seed).permutation(len(parts[0]))
    step = max(len(parts[2]) // HELD_OUT, 1)
    try:
        x, xt = padded(np, [parts[0][index] for index in order]), padded(np, parts[2][::step])
    except (TypeError, ValueError, OverflowError) as error:
        raise _npz.DataError("%s: a review is not a list of word numbers: %s" % (path, error)) from error
    if min(x.min(), xt.min()) < 0:
        raise _npz.DataError("%s: a word has a number below 0" % path)
    return x, parts[1][order], xt, parts[3][::step]


def own(np, seed):
    """Generated ones, and what they are."""
    draw = np.random.RandomState(seed + 3)
    return generated(np, draw, TRAINED) + generated(np, draw, HELD_OUT), "generated reviews, seed %d" % seed


def column(y):
    """Labels as (n, 1) of float32."""
    return y.astype("float32").reshape(-1, 1)


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
