"""What processor is it, and which instruction sets that frameworks are compiled for does it have?"""

from kdoctor.host import Host
from kdoctor.model.facts.base import Unknown
from kdoctor.model.facts.cpu import Cpu

FLAGS = frozenset(
    (
        "sse2",
        "ssse3",
        "sse4_1",
        "sse4_2",
        "avx",
        "avx2",
        "fma",
        "f16c",
        "avx512f",
        "avx512_vnni",
        "avx512_bf16",
        "amx_tile",
        "asimd",
        "sve",
    )
)


def probe(host: Host) -> Cpu | Unknown:
    """Read /proc/cpuinfo."""
    text = host.read_text("/proc/cpuinfo")
    if not isinstance(text, str):
        return Unknown(reason=str(text), tried=("/proc/cpuinfo",))
    return parse_cpuinfo(text)


def parse_cpuinfo(text: str) -> Cpu:
    r"""The processor of /proc/cpuinfo.

    >>> parse_cpuinfo("processor\t: 0\nmodel name\t: EPYC\nflags\t\t: fpu avx avx2\n")
    Cpu(model='EPYC', cores=1, flags=('avx', 'avx2'))
    """
    first: dict[str, str] = {}
    cores = 0
    for line in text.splitlines():
        name, _, value = line.partition(":")
        name = name.strip()
        cores += name == "processor"
        first.setdefault(name, value.strip())
    flags = set(first.get("flags", first.get("Features", "")).split())
    return Cpu(model=first.get("model name", ""), cores=cores, flags=tuple(sorted(flags & FLAGS)))
