"""Environments in which `kdoctor bench` finds Keras, and a child that says what a test wants instead of training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from tests.bench.stand_in import HEAD
from tests.commands.test_bench import environment

WELL: Final = "ready()\nfor index in range(len(cells)):\n    chunks(index); done(index)\nsay('end')\n"
INSTEAD = """
import sys
if any(word.endswith("/train.py") for word in sys.orig_argv):
    import os, runpy
    runpy.run_path({script!r})
    sys.stdout.flush()
    os._exit(0)
"""


def trained(folder: Path, body: str = WELL, *more: str) -> str:
    """The interpreter of an environment with Keras, JAX and ``more``; asked to train, it does what ``body`` says."""
    python = environment(folder / "env", "keras", "jax", *more)
    script = folder / "stand_in.py"
    script.write_text(HEAD.format(python=sys.executable) + body, encoding="utf-8")
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    (site / "sitecustomize.py").write_text(INSTEAD.format(script=str(script)), encoding="utf-8")
    return python
