"""Train the linear regression of 200 points on one device and say what it learned. Python 3.6 syntax.

y = 0.5 x + 2 + N(0, 0.05) with x in [-1, 1]; 160 points train, 40 test; one Dense(1), mean squared error, SGD, 301
full-batch steps, the cost noted every 100. Variables: KDOCTOR_RATE (0.05), KDOCTOR_SEED (0), KDOCTOR_DEVICE (a device
name of the backend, e.g. GPU:0; empty: the backend's own choice). The last line printed is one JSON object.

Correct means agreement with a gradient descent in float64 on the same data, which this script runs in plain Python: a
wrong answer on so small a problem is a broken device or library.
"""

import sys

if __name__ == "__main__" and sys.path:  # the script's directory; train.py imports this module as it is
    sys.path.pop(0)

import json
import math
import os
import random
import time

POINTS, TRAINED, STEPS, NOTED = 200, 160, 301, 100
SLOPE, OFFSET, NOISE = 0.5, 2.0, 0.05


def points(seed):
    """(x, y) pairs in random order; the normal deviates are made here, so that every Python gives the same."""
    draw = random.Random(seed)  # noqa: S311  noise, not a secret
    pairs = []
    for index in range(POINTS):
        x = -1.0 + 2.0 * index / (POINTS - 1)
        normal = math.sqrt(-2.0 * math.log(1.0 - draw.random())) * math.cos(2.0 * math.pi * draw.random())
        pairs.append((x, SLOPE * x + OFFSET + NOISE * normal))
    draw.shuffle(pairs)
    return pairs


def descend(pairs, weight, bias, rate):
    """The same steps in float64: (weight, bias, costs noted)."""
    count = float(len(pairs))
    costs = []
    for step in range(STEPS):
        errors = [(weight * x + bias - y, x) for x, y in pairs]
        if step % NOTED == 0:
            costs.append(sum(e * e for e, _ in errors) / count)
        weight -= rate * 2.0 * sum(e * x for e, x in errors) / count
        bias -= rate * 2.0 * sum(e for e, _ in errors) / count
    return weight, bias, costs


def cost(pairs, weight, bias):
    """Mean squared error."""
    return sum((weight * x + bias - y) ** 2 for x, y in pairs) / len(pairs)


def device_scope(keras, name):
    """A context in which the backend uses that device; nothing where none is named or this Keras cannot."""
    if name and hasattr(keras, "device"):
        backend = keras.config.backend() if hasattr(keras, "config") else "tensorflow"
        # to PyTorch `cpu:0` is another device than the `cpu` that variables are on: copied there, they get no gradients
        return keras.device("cpu" if backend == "torch" and name.startswith("CPU") else name)
    if name:
        import tensorflow as tf

        return tf.device(name)
    return None


def train(keras, pairs, rate, seed):
    """(first weight, first bias, weight, bias, costs noted) after training with the public API."""
    import numpy as np

    set_seed = getattr(keras.utils, "set_random_seed", None)
    if set_seed is not None:
        set_seed(seed)
    x = np.array([[pair[0]] for pair in pairs], dtype="float32")
    y = np.array([[pair[1]] for pair in pairs], dtype="float32")
    layer = keras.layers.Dense(1, input_shape=(1,)) if not hasattr(keras, "Input") else keras.layers.Dense(1)
    model = keras.Sequential([keras.Input(shape=(1,)), layer] if hasattr(keras, "Input") else [layer])
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    first = [float(value.reshape(-1)[0]) for value in model.get_weights()]
    costs = []
    for step in range(STEPS):
        if step % NOTED == 0:
            model.reset_metrics()  # some releases of Keras return the mean since the last reset
        loss = model.train_on_batch(x, y)
        if step % NOTED == 0:
            costs.append(float(loss[0] if isinstance(loss, (list, tuple)) else loss))
    last = [float(value.reshape(-1)[0]) for value in model.get_weights()]
    return first, last, costs


def import_keras():
    """The package keras, or TensorFlow's own where there is none."""
    try:
        import keras
    except ImportError:
        from tensorflow import keras
    return keras


def main():
    """Print one JSON object."""
    rate = float(os.environ.get("KDOCTOR_RATE", "0.05"))
    seed = int(os.environ.get("KDOCTOR_SEED", "0"))
    name = os.environ.get("KDOCTOR_DEVICE", "")
    started = time.time()
    keras = import_keras()
    imported = time.time()
    pairs = points(seed)
    scope = device_scope(keras, name)
    if scope is None:
        first, last, costs = train(keras, pairs[:TRAINED], rate, seed)
    else:
        with scope:
            first, last, costs = train(keras, pairs[:TRAINED], rate, seed)
    weight, bias, expected = descend(pairs[:TRAINED], first[0], first[1], rate)
    backend = getattr(keras, "config", None)
    print(
        json.dumps(
            {
                "workload": "linear",
                "keras": keras.__version__,
                "backend": backend.backend() if backend is not None and hasattr(backend, "backend") else "tensorflow",
                "device": name,
                "rate": rate,
                "steps": STEPS,
                "weight": last[0],
                "bias": last[1],
                "costs": costs,
                "test_cost": cost(pairs[TRAINED:], last[0], last[1]),
                "expected_weight": weight,
                "expected_bias": bias,
                "expected_costs": expected,
                "import_s": round(imported - started, 2),
                "train_s": round(time.time() - imported, 2),
            }
        )
    )


STYLE = "dense"
LOSS = "mse"
BATCH = WHOLE_BATCH = TRAINED
RATE, DOCUMENTED_RATE = 0.05, 0.01
PARAMETERS = 2
SETTLED = 25.0  # e to this is how much smaller the distance to the least squares' line has become
FASTEST = 0.5  # a rate above this may never settle


def load(np, cell, batch):
    """(x, y, held-out x, held-out y, what it is): the whole of what trains is one batch."""
    pairs = points(cell["seed"])
    x = np.array([[pair[0]] for pair in pairs], "float32")
    y = np.array([[pair[1]] for pair in pairs], "float32")
    return x[:batch], y[:batch], x[TRAINED:], y[TRAINED:], "200 points, seed %d" % cell["seed"]


def layers(keras):
    """The layers."""
    return [keras.Input(shape=(1,)), keras.layers.Dense(1, dtype="float32")]


def optimizer(keras, rate):
    """The optimizer."""
    return keras.optimizers.SGD(learning_rate=rate)


def flops():
    """Of training on one sample: a product and a sum forward, as many backward for the weights."""
    return 4.0


def prove(route, weights, rate, seed):
    """The 301 steps beside the same in float64: numbers found, and `expected_` ones of the same names."""
    pairs = points(seed)
    weight, bias = weights(route)[:2]
    expected_weight, expected_bias, expected = descend(pairs[:TRAINED], weight, bias, rate)
    costs = []
    for _ in range((STEPS - 1) // NOTED):
        costs.append(route.run(1))
        route.run(NOTED - 1)
    costs.append(route.run(1))
    weight, bias = weights(route)[:2]
    checks = {"rate": rate, "weight": weight, "expected_weight": expected_weight}
    checks.update(bias=bias, expected_bias=expected_bias, test_cost=cost(pairs[TRAINED:], weight, bias))
    for index, (found, exact) in enumerate(zip(costs, expected)):
        checks["cost_%d" % (index * NOTED)] = found
        checks["expected_cost_%d" % (index * NOTED)] = exact
    return checks


def settle(weights, rate, steps, seed):
    """After so many steps that nothing changes any more, what was learned is the least squares' line."""
    pairs = points(seed)[:TRAINED]
    mean_x, mean_y = (sum(pair[axis] for pair in pairs) / TRAINED for axis in (0, 1))
    spread = sum((x - mean_x) ** 2 for x, _ in pairs)
    if not 2.0 * rate * steps * spread / TRAINED > SETTLED or rate > FASTEST:
        return {}
    slope = sum((x - mean_x) * (y - mean_y) for x, y in pairs) / spread
    checks = {"settled_weight": weights[0], "expected_settled_weight": slope}
    checks.update(settled_bias=weights[1], expected_settled_bias=mean_y - slope * mean_x)
    return checks


if __name__ == "__main__":
    main()
