"""The inner client."""

from ray import FLEET
from ray.exceptions import AuthenticationError


class GcsClient:
    """Joins, or is told to go."""

    def __init__(self, address: str) -> None:
        del address
        if FLEET.get("greeting") == "token":
            raise AuthenticationError("InvalidAuthToken: Authentication token is missing or incorrect")
        if FLEET.get("greeting"):
            raise RuntimeError(FLEET["greeting"])
