"""Errors by Ray's names."""


class RayTaskError(Exception):
    """The function raised."""


class GetTimeoutError(Exception):
    """The answer did not arrive."""


class NodeDiedError(Exception):
    """The node ended."""


class TaskUnschedulableError(Exception):
    """The node is not there."""


class AuthenticationError(Exception):
    """The token is wrong."""
