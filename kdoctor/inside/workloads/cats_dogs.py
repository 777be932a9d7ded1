"""The cat and dog network: images of 180 x 180 x 3, three convolutions, 13,300,033 parameters, RMSprop, batches of 64.

Images are the user's (a folder with one folder for each of two classes; Pillow reads them), those in Keras's cache, or
generated: a bright disc
against a bright cross. In a full run they are augmented (rotation 15, shear and zoom 0.2, flip, shifts 0.1) and the
learning rate is halved on a plateau (patience 3, not below 1e-5).
"""

import os

from workloads import _download, _flops
from workloads._digits import whole
from workloads._npz import DataError

STYLE = "convolution"
LOSS = "binary_crossentropy"
BATCH, EPOCHS = 64, 10
RATE = 0.001
FIRST_RATE = 1e-6  # of the steps that are compared: at 1e-3 the loss jumps to 8, and rounding decides where
PARAMETERS = 13300033
SIDE = 180
download = _download.cats_dogs
CLASSES, IMAGES = (0, 1), (".bmp", ".gif", ".jpeg", ".jpg", ".png")
TRAINED, HELD_OUT, MOST_READ = 128, 64, 2000
RADIUS, WIDTH, LENGTH = 30, 6, 40  # of the disc and of the cross, in pixels
PLATEAU = {"factor": 0.5, "patience": 3, "floor": 1e-5}
ROTATION, SHEAR, ZOOM, SHIFT = 15.0, 0.2, 0.2, 0.1


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is)."""
    folder = cell["data"] or _download.in_cache(_download.FOLDER)
    if folder:
        x, y, label = read(np, folder, cell["seed"])
    else:
        x, y = generated(np, np.random.RandomState(cell["seed"] + 4), max(TRAINED, batch) + HELD_OUT)
        label = "generated images, seed %d" % cell["seed"]
    held = max(min(HELD_OUT, len(x) // 3), 1)
    index = held + np.arange(whole(len(x) - held, batch)) % (len(x) - held)
    return x[index], y[index], x[:held], y[:held], label


def read(np, folder, seed):
    """Up to 2000 images in random order; the class is the place of their folder among the two, by name."""
    found = images(folder)
    order = np.random.RandomState(seed).permutation(len(found))[:MOST_READ]
    x, y, broken = np.empty((len(order), SIDE, SIDE, 3), "float32"), [], []
    picture = reader(np)
    for path, label in (found[index] for index in order):
        pixels, why = picture(path)
        if why:
            broken.append("%s: %s" % (path, why))
        else:
            x[len(y)] = pixels
            y.append([label])
    if len({label for (label,) in y}) < len(CLASSES):
        said = "; %d cannot be read, such as %s" % (len(broken), broken[0]) if broken else ""
        raise DataError("%s has no image for each of two classes%s" % (folder, said))
    said = ", %d broken left out" % len(broken) if broken else ""
    return x[: len(y)], np.array(y, "float32"), "%s, %d images%s" % (folder, len(y), said)


def images(folder):
    """(Path, class) of every file of an image."""
    try:
        names = sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name)))
        if len(names) != len(CLASSES):
            raise DataError("%s has %d folders instead of one for each of two classes" % (folder, len(names)))
        return [
            (os.path.join(folder, name, image), label)
            for label, name in enumerate(names)
            for image in sorted(os.listdir(os.path.join(folder, name)))
            if image.lower().endswith(IMAGES)
        ]
    except OSError as error:
        said = "%s cannot be used as a folder with a folder of images for each of two classes: %s"
        raise DataError(said % (folder, error.strerror or error)) from error


def reader(np):
    """What reads an image: (its nearest pixels, as Keras's load_img has them, in [0, 1], or None; why not)."""
    try:
        from PIL import Image
    except ImportError as error:
        said = "images are read with Pillow, which this environment lacks: `pip install pillow` (%s)" % error
        raise DataError(said) from error

    def picture(path):
        try:
            with Image.open(path) as image:
                pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.NEAREST), "float32")
        except Exception as error:  # Pillow has no one kind for it
            return None, str(error)
        return pixels / 255.0, ""

    return picture


def generated(np, draw, count):
    """Noise with a disc (1) or a cross (0) somewhere."""
    y = draw.randint(0, 2, count)
    x = np.empty((count, SIDE, SIDE, 3), "float32")
    rows, columns = np.ogrid[:SIDE, :SIDE]
    for index in range(count):
        x[index] = draw.uniform(0.0, 0.5, (SIDE, SIDE, 3))
        top, left = draw.randint(50, 130, 2)
        if y[index]:
            mask = (rows - top) ** 2 + (columns - left) ** 2 < RADIUS**2
        else:
            down, across = abs(rows - top), abs(columns - left)
            mask = ((down < WIDTH) & (across < LENGTH)) | ((down < LENGTH) & (across < WIDTH))
        x[index][mask] += 0.5
    return x, y.astype("float32").reshape(-1, 1)


def augmented(np, x, draw):
    """Each image turned, sheared, zoomed, shifted and flipped at random; nearest values, edges repeated."""
    result = np.empty_like(x)
    rows, columns = np.mgrid[:SIDE, :SIDE].astype("float32") - SIDE / 2.0
    for index, image in enumerate(x):
        angle, shear = np.deg2rad(draw.uniform(-ROTATION, ROTATION)), np.deg2rad(draw.uniform(-SHEAR, SHEAR))
        high, wide = draw.uniform(1.0 - ZOOM, 1.0 + ZOOM, 2)
        down, across = draw.uniform(-SHIFT, SHIFT, 2) * SIDE
        if draw.randint(2):
            wide = -wide
        i = (np.cos(angle) * rows - np.sin(angle + shear) * columns) * high + down + SIDE / 2.0
        j = (np.sin(angle) * rows + np.cos(angle + shear) * columns) * wide + across + SIDE / 2.0
        result[index] = image[np.clip(i, 0, SIDE - 1).astype(int), np.clip(j, 0, SIDE - 1).astype(int)]
    return result


def layers(keras):
    """The layers."""
    new = keras.layers
    made = [keras.Input(shape=(SIDE, SIDE, 3))]
    for _ in range(3):
        made.append(new.Conv2D(64, 5, padding="same", activation="relu"))
        made.append(new.MaxPooling2D(3, 2, padding="same"))
        made.append(new.BatchNormalization())
    made += [new.Flatten(), new.Dense(384, activation="relu"), new.Dropout(0.5)]
    made += [new.Dense(units, activation="relu") for units in (192, 64, 32)]
    return [*made, new.Dense(1, activation="sigmoid", dtype="float32")]


def optimizer(keras, rate):
    """The optimizer."""
    return keras.optimizers.RMSprop(learning_rate=rate, rho=0.95)


def flops():
    """Of training on one sample."""
    first = _flops.convolution(180, 180, 64, 75, first=True)
    others = _flops.convolution(90, 90, 64, 1600, first=False) + _flops.convolution(45, 45, 64, 1600, first=False)
    return first + others + _flops.dense((23 * 23 * 64, 384, 192, 64, 32, 1), first=False)
