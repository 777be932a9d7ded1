"""Make a workload's Keras model so that it starts from the same weights on every backend and device."""

import math

MATRIX = 2  # dimensions; what has fewer is a bias or a scale


def policy(keras, precision):
    """Set the precision of the layers that are made from now on."""
    config = getattr(keras, "config", None)
    if config is not None and hasattr(config, "set_dtype_policy"):
        config.set_dtype_policy(precision)
    else:
        keras.mixed_precision.set_global_policy(precision)


def seed_all(keras, seed):
    """Seed what the backend itself draws (dropout)."""
    set_seed = getattr(keras.utils, "set_random_seed", None)
    if set_seed is not None:
        set_seed(seed)


def initial_weights(np, shapes, kept, seed):
    """Matrices and kernels from a seeded generator, uniform as Glorot has it; vectors as the layers made them."""
    draw = np.random.RandomState(seed + 1)
    values = []
    for shape, value in zip(shapes, kept):
        if len(shape) < MATRIX:
            values.append(value)
            continue
        receptive = 1
        for size in shape[:-2]:
            receptive *= size
        limit = math.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))
        values.append(draw.uniform(-limit, limit, shape).astype("float32"))
    return values


def build(np, keras, workload, seed):
    """The model with its own seeded weights."""
    seed_all(keras, seed)
    model = keras.Sequential(workload.layers(keras))
    if getattr(workload, "PARAMETERS", None) is not None and model.count_params() != workload.PARAMETERS:
        raise AssertionError("%d parameters instead of %d" % (model.count_params(), workload.PARAMETERS))
    kept = model.get_weights()
    model.set_weights(initial_weights(np, [value.shape for value in kept], kept, seed))
    return model


def optimizer_variables(optimizer):
    """The optimizer's variables: a method in old releases."""
    found = optimizer.variables
    return found() if callable(found) else found


class Start:
    """The state that training starts from, to go back to."""

    def __init__(self, model):
        """Remember the weights."""
        self.model = model
        self.weights = model.get_weights()

    def again(self):
        """Weights as they were; the optimizer as if it had never stepped."""
        self.model.set_weights(self.weights)
        optimizer = self.model.optimizer
        rate = rate_of(optimizer)
        for variable in optimizer_variables(optimizer):
            path = getattr(variable, "path", None) or getattr(variable, "name", "")
            if "learning_rate" in path or "dynamic_scale" in path or "seed" in path:
                continue
            variable.assign(zeros_like(variable))
        set_rate(optimizer, rate)


def zeros_like(variable):
    """Zeros of a variable's shape and type."""
    import numpy as np

    name = variable.dtype if isinstance(variable.dtype, str) else getattr(variable.dtype, "name", "float32")
    return np.zeros(tuple(variable.shape), dtype=name)


def rate_of(optimizer):
    """The learning rate."""
    return float(as_numpy(optimizer.learning_rate))


def set_rate(optimizer, rate):
    """Change the learning rate."""
    if hasattr(optimizer.learning_rate, "assign"):
        optimizer.learning_rate.assign(rate)
    else:
        optimizer.learning_rate = rate


def as_numpy(value):
    """A number or array of any backend on the host."""
    for name in ("detach", "cpu", "numpy"):
        if hasattr(value, name):
            value = getattr(value, name)()
    return value


def dropouts(model):
    """The dropout layers."""
    return [layer for layer in model.layers if type(layer).__name__ == "Dropout"]
