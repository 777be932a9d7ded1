"""The systemd service that this process runs in, and whether it has a /dev of its own."""

from kdoctor.model.facts.base import Section


class Service(Section, frozen=True, kw_only=True):
    """``unit``: its name; ``own_dev``: /dev is a small one made for the service, as by PrivateDevices=yes."""

    unit: str
    own_dev: bool = False
