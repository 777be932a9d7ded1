"""Where a task shall run."""


class NodeAffinitySchedulingStrategy:
    """On that node and no other."""

    def __init__(self, node_id: str, *, soft: bool) -> None:
        """As asked."""
        self.node_id, self.soft = node_id, soft
