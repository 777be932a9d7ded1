"""Pinned recipes as the tests write them: one of the index, one of a channel, and one that means harm."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from kdoctor.fix.files.pinned import Pin, Pinned
from kdoctor.model.recipe import CondaPart, Origin, PipPart, Recipe, Requires, Verify
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease, PythonVersion, SymbolVersion

PYTHON = PythonVersion("3.12")
EVIL = "a'\"`$(touch evil)${HOME}\nRUN evil\r\n- evil: [x]\u2028\x1b[31m*/ KDOCTOR_END\nKDOCTOR_END\n"
RECIPE = Recipe(
    id="tiny-gpu",
    title="Keras 3 in small",
    about="For tests.\nIt trains nothing.",
    backend="tensorflow",
    platforms=("linux-64",),
    python=(PythonVersion("3.11"), PYTHON),
    standing="current",
    preference=1,
    requires=Requires(
        gpu="required",
        cuda=CudaVersion("12.5"),
        driver_min=DriverRelease("525.60.13"),
        compute_capability_min=ComputeCapability("7.5"),
        compute_capability_max=ComputeCapability("9.0"),
        glibc=SymbolVersion("2.17"),
    ),
    pip=PipPart(specs=("tensorflow[and-cuda]==2.20.0", "keras==3.15.1")),
    reasons={
        "tensorflow": "The newest whose extra works.",
        "keras": "The newest.",
        "XLA_FLAGS": "XLA does not look there.",
    },
    environment={"KERAS_BACKEND": "tensorflow", "XLA_FLAGS": "--dir={site_packages}/nvidia"},
    verify=Verify(imports=("keras", "tensorflow"), devices="gpu"),
    sources=(Origin(what="this test", read=dt.date(2026, 11, 21)),),
)
WHEELS = (
    Pin(
        name="tensorflow",
        version="2.20.0",
        why="The newest whose extra works.",
        extras=("and-cuda",),
        hashes=("sha256:01",),
    ),
    Pin(name="keras", version="3.15.1", why="The newest.", hashes=("sha256:02", "sha256:03")),
    Pin(
        name="numpy",
        version="2.4.6",
        needed_by=("keras", "ml-dtypes", "opt-einsum", "tensorflow"),
        hashes=("sha256:04",),
    ),
)
PYTHON_PINS = (
    Pin(
        name="python",
        version="3.12.4",
        build="h1_0_cpython",
        why="The recipe is for Python 3.11 to 3.12.",
        url="https://host/t/secret/conda-forge/linux-64/python-3.12.4-h1_0_cpython.conda",
        hashes=("md5:0a", "sha256:0b"),
    ),
)


def of_index(**changes: Any) -> Pinned:  # noqa: ANN401
    """A recipe by pip; the Python of a channel is there for the formats that need one."""
    pinned = Pinned(
        recipe=RECIPE,
        python=PYTHON,
        platform="linux-64",
        glibc="2.36",
        kdoctor="0.1.0",
        again=("--recipe", "tiny-gpu", "--python-version", "3.12"),
        wheels=WHEELS,
        conda=PYTHON_PINS,
        channels=("conda-forge",),
        machine={"__cuda": "12.6", "__glibc": "2.36"},
        pylock='lock-version = "1.0"\n\n[[packages]]\nname = "keras"\nversion = "3.15.1"\n',
    )
    return msgspec.structs.replace(pinned, **changes)


def of_channel(**changes: Any) -> Pinned:  # noqa: ANN401
    """A recipe of a channel, with a link."""
    link = {"lib/nvvm/libdevice.10.bc": "../libdevice.10.bc"}
    recipe = msgspec.structs.replace(
        RECIPE,
        pip=None,
        conda=CondaPart(channels=("conda-forge",), specs=("tensorflow=2.20.0=cuda*",)),
        environment={"XLA_FLAGS": "--dir={prefix}/lib"},
        links=link,
        reasons={
            "tensorflow": "A CUDA build.",
            "XLA_FLAGS": "The link is there.",
            **dict.fromkeys(link, "XLA looks there."),
        },
    )
    pins = (
        *PYTHON_PINS,
        Pin(
            name="tensorflow",
            version="2.20.0",
            build="cuda128py312h1_200",
            why="A CUDA build.",
            url="https://host/tf.conda",
        ),
        Pin(name="libthing", version="1.0", build="0", needed_by=("tensorflow",), url="https://host/libthing.conda"),
    )
    return of_index(recipe=recipe, conda=pins, wheels=(), **changes)


def evil() -> Pinned:
    """Everything that a recipe of somebody's own can say, each trying to be an instruction."""
    recipe = msgspec.structs.replace(
        RECIPE,
        title=EVIL,
        about=EVIL,
        reasons=dict.fromkeys(("tensorflow", "keras", "EVIL", "lib/x"), EVIL),
        environment={"EVIL": "a'\"`$(touch evil)${HOME}\\"},
        links={"lib/x 'y'$(touch evil)": "z'\"$(touch evil)"},
    )
    return of_index(
        recipe=recipe,
        wheels=(Pin(name="keras", version="3.15.1", why=EVIL, hashes=("sha256:02",)),),
        channels=(f"https://host/{EVIL}",),
        again=("--recipe", EVIL),
    )
