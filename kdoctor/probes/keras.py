"""Which Keras is installed, and which backend would it choose: as Keras itself resolves it."""

import msgspec

from kdoctor.host import Host, Unreadable
from kdoctor.knowledge import keras as table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow

TRUE = ("1", "true", "True")  # as TensorFlow compares: exactly these


def probe(
    host: Host, distributions: Distributions, environ: Environ, tensorflow: Tensorflow | Absent
) -> Keras | Absent:
    """Versions from the metadata; the backend from $KERAS_BACKEND, then keras.json, then the default."""
    keras = distributions.get("keras") or distributions.get("keras-nightly")
    tf_keras = distributions.get("tf-keras") or distributions.get("tf-keras-nightly")
    bundled = isinstance(tensorflow, Tensorflow)
    if keras is None and tf_keras is None and not bundled:
        return Absent(looked=("keras", "tf-keras", "tensorflow"))
    variables = environ.variables
    home = variables.get("KERAS_HOME") or f"{host.user.home}/.keras"
    path = f"{home}/keras.json"
    wanted, trouble = read_config(host, path)
    backend, source = table.table().config.default_backend, "default"
    if keras is not None and keras.release is not None and table.has_choice(keras.release):
        if variables.get("KERAS_BACKEND"):
            backend, source = variables["KERAS_BACKEND"], "$KERAS_BACKEND"
        elif wanted:
            backend, source = wanted, path
    return Keras(
        version=keras.version if keras else "",
        tf_keras=tf_keras.version if tf_keras else "",
        directory=f"{keras.location}/keras" if keras else "",
        backend=backend,
        backend_from=source,
        config=path if wanted or trouble else "",
        config_trouble=trouble,
        legacy_switch=variables.get("TF_USE_LEGACY_KERAS", "") in TRUE,
    )


def read_config(host: Host, path: str) -> tuple[str, str]:
    """The backend in keras.json ("" if it names none), and why the file could not be read ("" if it could).

    Keras takes whatever stands there: a number is a backend that does not exist.
    """
    text = host.read_bytes(path, limit=1 << 20)
    if isinstance(text, Unreadable):
        return "", "" if text.reason == "absent" else str(text)
    try:
        config = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return "", f"{path}: {error}"
    if not isinstance(config, dict):
        return "", f"{path}: is not a JSON object"
    backend = config.get("backend", "")
    return backend if isinstance(backend, str) else msgspec.json.encode(backend).decode()[:40], ""
