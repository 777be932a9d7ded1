"""The installed Keras and the backend that it would choose."""

from packaging.version import Version

from kdoctor.model.facts.base import Section
from kdoctor.model.facts.distributions import parse_release


class Keras(Section, frozen=True, kw_only=True):
    """``backend`` as Keras itself resolves it; ``backend_from``: the variable or file, or "default".

    ``version`` is "" where only tf-keras is installed. ``config_trouble``: why keras.json could not be read.
    """

    version: str = ""
    tf_keras: str = ""
    directory: str = ""
    backend: str = "tensorflow"
    backend_from: str = "default"
    config: str = ""
    config_trouble: str = ""
    legacy_switch: bool = False

    @property
    def release(self) -> Version | None:
        """The version, None where the text is not one."""
        return parse_release(self.version)
