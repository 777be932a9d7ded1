"""Which processes of Ray run here."""

from ray import FLEET


def find_gcs_addresses() -> frozenset[str]:
    """The heads."""
    return frozenset(FLEET.get("clusters", ()))


def find_node_ids() -> frozenset[str]:
    """The nodes."""
    return frozenset(FLEET.get("here", ("n",)))
