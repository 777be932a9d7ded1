"""Which instructions has the processor that kdoctor itself runs on?"""

from __future__ import annotations

import platform
import sys

_CPUINFO = "/proc/cpuinfo"
_BEGINNING = 1 << 14  # the first processor of some hundreds
_WINDOWS_SSE42 = 38  # PF_SSE4_2_INSTRUCTIONS_AVAILABLE


def runs_hyperscan() -> bool:
    """Whether Hyperscan may be called: on an x86 processor without SSE 4.2 it ends the process."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return True
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  on Windows only

        return bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(_WINDOWS_SSE42))
    try:
        with open(_CPUINFO, encoding="ascii", errors="replace") as file:
            return has_sse42(file.read(_BEGINNING))
    except OSError:
        return True  # macOS runs on none without it


def has_sse42(cpuinfo: str) -> bool:
    r"""Whether /proc/cpuinfo names it, or no flags at all.

    >>> has_sse42("model name\t: Phenom\nflags\t\t: fpu sse sse2 sse4a\n")
    False
    """
    flags = next((line for line in cpuinfo.splitlines() if line.startswith("flags")), None)
    return flags is None or "sse4_2" in flags.split()
