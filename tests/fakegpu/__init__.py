"""A fake NVIDIA driver: libcuda.so.1 and libnvidia-ml.so.1 that answer from a text file."""

from __future__ import annotations

from tests.fakegpu.kit import Driver, Kit, build, real_driver

__all__ = ["Driver", "Kit", "build", "real_driver"]
