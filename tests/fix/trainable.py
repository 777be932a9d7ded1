"""A channel whose Keras really trains, in small: kdoctor's whole way from a plan to a proved environment in seconds."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fix.channel import StandIn

STUBS = Path(__file__).parent / "stubs"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{PYTHON}/site-packages"
RECIPE = """
id = "{name}"
title = "Keras in small"
about = "For tests."
backend = "tensorflow"
platforms = ["linux-64"]
python = ["{python}"]
standing = "current"
preference = 1
untried = "A test."

[requires]
gpu = "{gpu}"
{requires}

[conda]
channels = ["{channel}"]
specs = [{specs}]

[environment]
KERAS_BACKEND = "tensorflow"
KDOCTOR_TEST = "{{prefix}}/it's here"

[verify]
imports = ["keras", "tensorflow"]
devices = "{devices}"


[[source]]
what = "this test"
read = 2026-11-21
"""


def trainable(root: Path) -> StandIn:
    """Python, NumPy, TensorFlow (CUDA builds that need `__cuda`, and a CPU build) and Keras, as stubs that train."""
    channel = StandIn(root)
    channel.python(f"{PYTHON}.9")
    pinned = f"python {PYTHON}.*"
    channel.add("numpy", "2.1.0", depends=[pinned], files=module("numpy", "2.1.0"))
    files = module("tensorflow", "2.19.0")
    for build, needs in (("cuda126py_200", ["__cuda >=12.6"]), ("cpu_py_0", [])):
        channel.add("tensorflow", "2.19.0", build, depends=[pinned, "numpy", *needs], files=files)
    channel.add("keras", "3.8.0", depends=[pinned, "tensorflow"], files=module("keras", "3.8.0"))
    channel.add("pip", "25.0", depends=[pinned])
    channel.add("extra", files={"share/extra.txt": "x"})
    return channel.write()


def module(name: str, version: str) -> dict[str, str]:
    """The files of a stub with its metadata."""
    info = f"{SITE}/{name}-{version}.dist-info"
    return {
        f"{SITE}/{name}/__init__.py": (STUBS / f"{name}.stub").read_text(encoding="utf-8"),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "conda\n",
        f"{info}/RECORD": f"{name}/__init__.py,,\n{name}-{version}.dist-info/METADATA,,\n",
    }


def recipe(
    folder: Path, channel: str, *, name: str = "small", gpu: bool = False, specs: str = "", wheels: str = ""
) -> Path:
    """A recipe of a user's own that takes everything from that channel, and ``wheels`` from the index."""
    build = "cuda*" if gpu else "cpu*"
    text = RECIPE.format(
        name=name,
        channel=channel,
        python=PYTHON,
        gpu="required" if gpu else "none",
        devices="gpu" if gpu else "cpu",
        requires='cuda = "12.6"\ndriver_min = "525.60.13"' if gpu else "",
        specs=specs or f'"tensorflow=2.19.0={build}", "keras"',
    )
    text += f"\n[pip]\nspecs = [{wheels}]\n" if wheels else ""
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path
