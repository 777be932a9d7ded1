"""Which PyTorch is installed, and what was it built with? Read from torch/version.py."""

import re

from kdoctor.host import Host, text_of
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import Distributions
from kdoctor.model.facts.torch import Torch
from kdoctor.model.version import CudaVersion

_VALUE = re.compile(r"^(\w+)[ \t]*(?::[^=\n]*)?=[ \t]*['\"]([^'\"]*)['\"]", re.MULTILINE)


def probe(host: Host, distributions: Distributions) -> Torch | Absent:
    """Metadata for the version, version.py for CUDA or HIP; without that file there is no ``directory``."""
    torch = distributions.get("torch")
    if torch is None:
        return Absent(looked=("torch",))
    values = version_file(text_of(host, f"{torch.location}/torch/version.py", limit=1 << 16))
    return Torch(
        version=values.get("__version__", torch.version),
        directory=f"{torch.location}/torch" if values else "",
        cuda=CudaVersion.parse(values.get("cuda", "")),
        hip=values.get("hip", ""),
    )


def version_file(text: str) -> dict[str, str]:
    r"""The texts assigned in torch/version.py.

    >>> version_file("__version__ = '2.13.0+cu130'\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n")
    {'__version__': '2.13.0+cu130', 'cuda': '13.0'}
    """
    return dict(_VALUE.findall(text))
