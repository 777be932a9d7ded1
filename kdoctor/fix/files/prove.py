"""Python that proves an environment where kdoctor is not: its devices, and a regression that has to converge."""

from __future__ import annotations

from collections.abc import Iterator

from kdoctor.model.recipe import Recipe

_DEVICES = {
    "tensorflow": "import tensorflow as tf; found = tf.config.experimental.list_physical_devices('GPU')",
    "jax": "import jax; found = [one for one in jax.devices() if one.platform == 'gpu']",
    "torch": "import torch; found = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())]",
}


def devices(recipe: Recipe) -> str:
    """One line that prints the GPUs and fails where there is none."""
    return f"{_DEVICES[recipe.backend]}; print(found); assert found, 'no GPU is seen'"


def smoke(recipe: Recipe) -> Iterator[str]:
    """Lines of a script: y = 2x + 1 is learned within a hundredth."""
    keras = "tf_keras" if "tf_keras" in recipe.verify.imports else "keras"
    yield from (f"import {module}" for module in recipe.verify.imports)
    yield f"import {keras} as K"
    yield "import numpy as np"
    yield 'x = np.linspace(-1, 1, 64).astype("float32").reshape(-1, 1)'
    yield "model = K.models.Sequential([K.layers.Dense(1)])"
    yield 'model.compile(optimizer="sgd", loss="mse")'
    yield "model.fit(x, 2 * x + 1, epochs=400, batch_size=16, verbose=0)"
    yield "w, b = (float(np.ravel(each)[0]) for each in model.get_weights())"
    yield 'print("learned: %.3f x + %.3f" % (w, b))'
    yield "assert abs(w - 2) < 0.01 and abs(b - 1) < 0.01"
