"""The Python environment: releases that do not belong together, files in the way."""

from __future__ import annotations

import json

from tests.mutation.altered import PYTHON, Altered, UnfitError
from tests.mutation.fault import fault
from tests.mutation.faults.framework_build import tensorflow_wheel


def tensorflow_minor(machine: Altered) -> tuple[int, int]:
    """Major and minor version of the TensorFlow that pip installed."""
    if machine.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        raise UnfitError("Keras uses another backend, to which TensorFlow's troubles are a warning")
    name = "tensorflow-cpu" if "tensorflow-cpu" in machine.distributions() else tensorflow_wheel(machine)[0]
    major, minor = machine.version(name).split(".")[:2]
    return int(major), int(minor)


def keras_json(machine: Altered, text: str) -> None:
    """Write the user's keras.json, which nothing overrules."""
    if "KERAS_BACKEND" in machine.environ or machine.exists(path_of_config(machine)):
        raise UnfitError("the backend is chosen elsewhere")
    if int(machine.version("keras").partition(".")[0]) < 3:
        raise UnfitError("this Keras knows the backend")
    machine.write(path_of_config(machine), text)


def path_of_config(machine: Altered) -> str:
    """The user's keras.json."""
    return f"{machine.document['user']['home']}/.keras/keras.json"


@fault("keras-tf-mismatch", "python-stack", needs_gpu=False)
def keras_of_another_release(machine: Altered) -> None:
    """`pip install -U keras`, or an old one that was pinned."""
    minor = tensorflow_minor(machine)
    if minor < (2, 6):
        raise UnfitError("this TensorFlow has its own Keras")
    machine.replace("keras", "2.12.0" if minor >= (2, 16) else "3.10.0")


@fault("keras3-incompatible", "python-stack", needs_gpu=False)
def legacy_switch(machine: Altered) -> None:
    """TF_USE_LEGACY_KERAS=1 without tf-keras."""
    if tensorflow_minor(machine) < (2, 16) or "tf-keras" in machine.distributions():
        raise UnfitError("this TensorFlow has Keras 2")
    machine.environ["TF_USE_LEGACY_KERAS"] = "1"


@fault("keras-backend-misconfigured", "python-stack", needs_gpu=False)
def backend_of_old_days(machine: Altered) -> None:
    """keras.json still says theano."""
    keras_json(machine, json.dumps({"backend": "theano", "floatx": "float32"}))


@fault("keras-backend-misconfigured", "python-stack", needs_gpu=False)
def backend_in_capitals(machine: Altered) -> None:
    """KERAS_BACKEND=TensorFlow."""
    if "KERAS_BACKEND" in machine.environ or int(machine.version("keras").partition(".")[0]) < 3:
        raise UnfitError("the backend is chosen already")
    machine.environ["KERAS_BACKEND"] = "TensorFlow"


@fault("keras-backend-misconfigured", "python-stack", severity="warning", needs_gpu=False)
def keras_json_broken(machine: Altered) -> None:
    """keras.json was cut off."""
    keras_json(machine, '{"backend": ')


@fault("numpy-abi", "python-stack", needs_gpu=False)
def numpy_2(machine: Altered) -> None:
    """NumPy 2 beside a TensorFlow that was compiled for 1."""
    if tensorflow_minor(machine) > (2, 17):
        raise UnfitError("this TensorFlow takes NumPy 2")
    machine.replace("numpy", "2.1.3")


@fault("protobuf-mismatch", "python-stack", needs_gpu=False)
def protobuf_too_old(machine: Altered) -> None:
    """protobuf before what the generated code needs."""
    if tensorflow_minor(machine) < (2, 0):
        raise UnfitError("this TensorFlow takes it")
    machine.replace("protobuf", "3.8.0")


@fault("h5py-mismatch", "python-stack", severity="warning", needs_gpu=False)
def h5py_3(machine: Altered) -> None:
    """h5py 3 beside a TensorFlow of before it."""
    if tensorflow_minor(machine) >= (2, 2):
        raise UnfitError("this TensorFlow knows it")
    machine.replace("h5py", "3.1.0")


@fault("module-shadowed", "python-stack", needs_gpu=False)
def own_file_named_like_the_framework(machine: Altered) -> None:
    """A script tensorflow.py, torch.py or jax.py in the directory where Python is started."""
    module = next((name for name in ("tensorflow", "torch", "jax") if name in machine.distributions()), "keras")
    machine.version("keras")
    machine.document["cwd"] = "/home/user/project"
    machine.write(f"/home/user/project/{module}.py", "")


@fault("corrupted-install", "python-stack", needs_gpu=False)
def files_of_tensorflow_gone(machine: Altered) -> None:
    """The directory was deleted, the metadata stayed."""
    tensorflow_minor(machine)
    path = f"{machine.site}/tensorflow"
    for key in [key for key in machine.elves if key.startswith(f"{path}/")]:
        del machine.elves[key]
    machine.remove(path)


@fault("corrupted-install", "python-stack", severity="note", needs_gpu=False)
def left_by_pip(machine: Altered) -> None:
    """A directory ~eras that an interrupted pip left behind."""
    machine.version("keras")
    machine.names[machine.site].append("~eras-3.0.0.dist-info/")


@fault("corrupted-install", "python-stack", severity="warning", needs_gpu=False)
def installed_twice(machine: Altered) -> None:
    """Metadata of two releases of numpy in one place."""
    machine.version("numpy")
    machine.install("numpy", "1.0.0")


@fault("user-site-leak", "python-stack", severity="warning", needs_gpu=False)
def older_keras_through_pythonpath(machine: Altered) -> None:
    """PYTHONPATH names a directory with another Keras."""
    version = machine.version("keras")
    other = version.rpartition(".")[0] + ".99"
    machine.environ["PYTHONPATH"] = "/home/user/lib"
    machine.install("keras", other, folder="/home/user/lib")
    machine.change_answer(PYTHON, sys_path=["/home/user/lib", *machine.answer(PYTHON)["sys_path"]])
