"""Import the installed frameworks one after the other and print what they say about GPUs. Python 3.6 syntax.

Argument: the framework. The last line printed is one JSON object. A tiny multiplication on the first GPU shows whether
it computes; nothing is trained.
"""

import sys

SCRIPT_DIRECTORY = sys.path.pop(0) if sys.path else ""

import json
import os
import time

ONES = 64


def of_tensorflow():
    """Devices and a product, by TensorFlow."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    computed = None
    if gpus:
        with tf.device("/GPU:0"):
            ones = tf.ones((ONES, ONES))
            computed = bool(tf.reduce_all(tf.linalg.matmul(ones, ones) == float(ONES)).numpy())
    return tf.__version__, [gpu.name for gpu in gpus], computed


def of_jax():
    """Devices and a product, by JAX."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    import jax
    import jax.numpy as jnp

    gpus = [device for device in jax.devices() if device.platform in ("gpu", "cuda", "rocm")]
    computed = None
    if gpus:
        ones = jax.device_put(jnp.ones((ONES, ONES)), gpus[0])
        computed = bool(((ones @ ones) == float(ONES)).all())
    return jax.__version__, [str(device) for device in gpus], computed


def of_torch():
    """Devices and a product, by PyTorch."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    computed = None
    if count:
        ones = torch.ones((ONES, ONES), device="cuda:0")
        computed = bool(((ones @ ones) == float(ONES)).all().item())
    return torch.__version__, [torch.cuda.get_device_name(index) for index in range(count)], computed


ASK = {"tensorflow": of_tensorflow, "jax": of_jax, "torch": of_torch}


def main():
    """Print one JSON object."""
    name = os.environ.get("KDOCTOR_ASK", "tensorflow")
    started = time.time()
    answer = {"framework": name, "version": "", "gpus": None, "devices": [], "computed": None, "trouble": ""}
    try:
        answer["version"], answer["devices"], answer["computed"] = ASK[name]()
        answer["gpus"] = len(answer["devices"])
    except Exception as error:  # the framework's own failure is the answer
        answer["trouble"] = "%s: %s" % (type(error).__name__, error)
    answer["seconds"] = round(time.time() - started, 2)
    print(json.dumps(answer))


main()
