"""Functions are not sent anywhere."""

from types import ModuleType


def register_pickle_by_value(module: ModuleType) -> None:
    """Take note of nothing."""
    del module
