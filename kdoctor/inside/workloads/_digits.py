"""Pictures of digits: the user's mnist.npz, Keras's cache of it, scikit-learn's 8 x 8 digits, or a seeded generator.

scikit-learn is read, not imported.
"""

import gzip
import importlib.util
import os

from workloads import _npz
from workloads._download import in_cache

SIDE, CLASSES = 28, 10
TRAINED, HELD_OUT = 6000, 1000
PARTS = ("x_train", "y_train", "x_test", "y_test")


def load(np, data, seed, batch):
    """(x, one-hot y, held-out x, held-out y, what it is); x in [0, 1], shape (n, 28, 28), n a multiple of ``batch``."""
    given = {"cached": "mnist.npz", "what": "images", "read": lambda path: read(np, path, seed)}
    (x, y, xt, yt), label = users_or_own(data, own=lambda: small(np, seed), **given)
    eye = np.eye(CLASSES, dtype="float32")
    rows = whole(len(x), batch)
    index = np.arange(rows) % len(x)
    return x[index], eye[y.astype(int)[index]], xt[:HELD_OUT], eye[yt.astype(int)[:HELD_OUT]], label


def users_or_own(data, cached, what, read, own):
    """(Arrays, what they are): of the user's file, else of Keras's cache, else own ones.

    The user's file is meant: where it cannot be read, that is raised. Keras's is only there: where it cannot be read,
    the name of the own data says so.
    """
    path, broken = data or in_cache(cached), ""
    if path:
        try:
            arrays = read(path)
        except Exception as error:
            if data:
                raise
            broken = "; %s" % error
        else:
            return arrays, "%s, %d %s" % (data or "Keras's " + cached, len(arrays[0]), what)
    arrays, label = own()
    return arrays, label + broken


def read(np, path, seed):
    """MNIST as Keras keeps it: (n, 28, 28) of 0 to 255, and digits; in random order."""
    x, y, xt, yt = _npz.arrays(np, path, PARTS)
    for name, images, digits in (("train", x, y), ("test", xt, yt)):
        shape = getattr(images, "shape", ("lists",))
        if shape[1:] != (SIDE, SIDE) or images.dtype.kind not in "uif" or not len(images):
            raise _npz.DataError("%s: x_%s is of %s, not of (n, 28, 28)" % (path, name, shape))
        if getattr(digits, "shape", ()) != shape[:1] or not np.isin(digits, range(CLASSES)).all():
            raise _npz.DataError("%s: y_%s is not a digit for each of %d images" % (path, name, len(images)))
    order = np.random.RandomState(seed).permutation(len(x))
    return scaled(x)[order], y[order], scaled(xt), yt


def scaled(images):
    """Within [0, 1]."""
    return images.astype("float32") / (255.0 if images.dtype.kind in "ui" else 1.0)


def whole(count, batch):
    """As many rows as make whole batches: the next multiple of ``batch``, or one batch."""
    return max(count // batch, 1) * batch


def sklearn_digits(np):
    """(1797 pictures of 28 x 28, their digits), or None where scikit-learn is not installed."""
    try:
        found = importlib.util.find_spec("sklearn")
    except (ImportError, ValueError):
        found = None
    if found is None or not found.origin:
        return None
    path = os.path.join(os.path.dirname(found.origin), "datasets", "data", "digits.csv.gz")
    try:
        with gzip.open(path, "rt") as file:
            rows = np.array([line.split(",") for line in file.read().split()], dtype="float32")
    except (OSError, ValueError):
        return None
    small_images = rows[:, :64].reshape(-1, 8, 8) / 16.0
    large = np.kron(small_images, np.ones((1, 3, 3), "float32"))
    return np.pad(large, ((0, 0), (2, 2), (2, 2)), "constant").astype("float32"), rows[:, 64].astype(int)


def generated(np, seed):
    """Ten random pictures, each seen through noise."""
    draw = np.random.RandomState(seed)
    shapes = draw.uniform(0.0, 1.0, (CLASSES, SIDE, SIDE)).astype("float32")
    y = draw.randint(0, CLASSES, TRAINED + HELD_OUT)
    noise = draw.normal(0.0, 0.35, (len(y), SIDE, SIDE)).astype("float32")
    return np.clip(shapes[y] + noise, 0.0, 1.0), y


def small(np, seed):
    """Pictures that need no file of MNIST: (x, y, held-out x, held-out y), what they are."""
    draw = np.random.RandomState(seed + 2)
    found = sklearn_digits(np)
    if found is None:
        x, y = generated(np, seed)
        return (x[:TRAINED], y[:TRAINED], x[TRAINED:], y[TRAINED:]), "generated digits, seed %d" % seed
    x, y = found
    order = draw.permutation(len(x))
    x, y = x[order], y[order]
    held = 297
    index = draw.randint(held, len(x), TRAINED)
    return (x[index], y[index], x[:held], y[:held]), "scikit-learn's digits, enlarged"
