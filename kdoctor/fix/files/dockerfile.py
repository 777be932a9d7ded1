"""Dockerfile: an image that is built without a GPU and runs with one; its locks stand in it, so it is one file.

BuildKit's here-documents are taken word for word, as their end is in quotes; every other value is a string in
quotes or a JSON array, so that nothing of a recipe is read as an instruction or by a shell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from kdoctor.fix.conda import without_credentials
from kdoctor.fix.files.comments import comment, head, one_line, setting
from kdoctor.fix.files.pinned import Pinned
from kdoctor.fix.files.prove import devices, smoke
from kdoctor.fix.files.requirements import locked
from kdoctor.fix.places import placed

OPTION = "--docker"
GLIBC = "2.36"  # of Debian 12, which both base images are
PIP_IMAGE = "python:{}-slim-bookworm"
CONDA_IMAGE = "mambaorg/micromamba:2.6.1-debian12-slim"
PLATFORMS = {"linux-64": "linux/amd64", "linux-aarch64": "linux/arm64"}
OLDEST_OWN = (3, 10)  # the Python that kdoctor itself needs


def dockerfile(pinned: Pinned, option: str = OPTION) -> str:
    """The whole file; ``option``: the one that writes it."""
    by_conda = pinned.recipe.conda is not None
    lines = ["# syntax=docker/dockerfile:1", *head(pinned, option), *_use(pinned)]
    lines += _conda(pinned) if by_conda else _pip(pinned)
    lines += [*_settings(pinned), *_links(pinned), *_proof(pinned), *_labels(pinned)]
    lines += ["", "USER mambauser" if by_conda else "USER keras"]
    lines += ["WORKDIR /home/mambauser" if by_conda else "WORKDIR /home/keras", 'CMD ["python"]']
    return "\n".join(lines) + "\n"


def user_of(pinned: Pinned) -> str:
    """Who works in the image."""
    return "keras" if pinned.recipe.conda is None else "mambauser"


def prefix_of(pinned: Pinned) -> str:
    """Where its environment is."""
    return "/opt/keras" if pinned.recipe.conda is None else "/opt/conda"


def text(value: str) -> str:
    r"""A value of ENV or LABEL that stays as it is.

    >>> print(text('a "b" $c'))
    "a \"b\" \$c"
    """
    for sign in '\\"$':
        value = value.replace(sign, f"\\{sign}")
    return f'"{one_line(value)}"'


def _use(pinned: Pinned) -> Iterator[str]:
    name = pinned.recipe.id
    gpus = "" if pinned.recipe.requires.gpu == "none" else " --gpus all"
    yield from ("#", f"#   docker build -t {name} .", f"#   docker run --rm -it{gpus} {name}")
    if gpus:
        yield from comment(
            "--gpus needs the NVIDIA driver and the NVIDIA Container Toolkit on the host. To see the GPUs:"
        )
        yield f"#   docker run --rm{gpus} {name} python -c {json.dumps(devices(pinned.recipe))}"
    if gpus and pinned.python.parts >= OLDEST_OWN:
        yield from comment("Where it finds none, the reason:")
        inside = "python -m venv ~/k && ~/k/bin/pip install -q keras-doctor"
        check = f"~/k/bin/kdoctor check --python {prefix_of(pinned)}/bin/python"
        yield f"#   docker run --rm{gpus} {name} sh -c '{inside} && {check}'"


def _pip(pinned: Pinned) -> Iterator[str]:
    yield from ("", *comment(pinned.reason("python")), *comment(f"Debian 12 has glibc {GLIBC}."))
    yield f"FROM --platform={PLATFORMS[pinned.platform]} {PIP_IMAGE.format(pinned.python.short)}"
    yield from ("", "RUN useradd --create-home keras && python -m venv /opt/keras", 'ENV PATH="/opt/keras/bin:$PATH"')
    yield from _wheels(pinned)


def _wheels(pinned: Pinned) -> Iterator[str]:
    if pinned.wheels:
        yield from ("", "COPY <<'KDOCTOR_END' /tmp/requirements.txt", *locked(pinned), "KDOCTOR_END", "")
        where = prefix_of(pinned)
        yield f"RUN {where}/bin/python -m pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt"


def _conda(pinned: Pinned) -> Iterator[str]:
    yield from ("", f"FROM --platform={PLATFORMS[pinned.platform]} {CONDA_IMAGE}", "", "USER root")
    if cuda := pinned.machine.get("__cuda"):
        said = (
            "No driver is seen while an image is built: whatever else these steps solve gets CUDA builds through this."
        )
        yield from (*comment(said), f"ARG CONDA_OVERRIDE_CUDA={text(cuda)}")
    yield from ("", "COPY <<'KDOCTOR_END' /tmp/explicit.lock")
    for pin in pinned.conda:  # after @EXPLICIT not every tool takes a comment
        yield from comment(f"{pin.name} {pin.version} {pin.build}: {pin.reason}")
    yield "@EXPLICIT"
    for pin in pinned.conda:
        md5 = next((one.partition(":")[2] for one in pin.hashes if one.startswith("md5:")), "")
        yield one_line(without_credentials(pin.url) + (f"#{md5}" if md5 else ""))
    yield from ("KDOCTOR_END", "")
    yield "RUN micromamba install --name base --yes --file /tmp/explicit.lock && micromamba clean --all --yes"
    yield 'ENV PATH="/opt/conda/bin:$PATH"'
    yield from _wheels(pinned)


def _settings(pinned: Pinned) -> Iterator[str]:
    if pinned.recipe.requires.gpu != "none":
        yield from ("", *comment("What the NVIDIA Container Toolkit is asked for: every GPU, CUDA and nvidia-smi."))
        yield from ("ENV NVIDIA_VISIBLE_DEVICES=all", "ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility")
    yield from [""] if pinned.recipe.environment else []
    for name, value in pinned.recipe.environment.items():
        yield from (*setting(pinned, name), f"ENV {name}={text(placed(value, prefix_of(pinned), pinned.python))}")


def _links(pinned: Pinned) -> Iterator[str]:
    for link, target in pinned.recipe.links.items():
        path = f"{prefix_of(pinned)}/{placed(link, '', pinned.python).lstrip('/')}"
        yield from ("", *setting(pinned, link))
        yield f"RUN {json.dumps(['mkdir', '-p', path.rpartition('/')[0]])}"
        yield f"RUN {json.dumps(['ln', '-sf', target, path])}"


def _proof(pinned: Pinned) -> Iterator[str]:
    yield from (
        "",
        *comment("Proved while it is built, on the CPU: the imports, and a regression that has to converge."),
    )
    yield from ("COPY <<'KDOCTOR_END' /tmp/prove.py", *smoke(pinned.recipe), "KDOCTOR_END", "")
    yield f"RUN {prefix_of(pinned)}/bin/python /tmp/prove.py"


def _labels(pinned: Pinned) -> Iterator[str]:
    recipe = pinned.recipe
    yield from ("", f"LABEL org.opencontainers.image.title={text(recipe.title)}")
    yield f"LABEL kdoctor.recipe={text(recipe.id)}"
    yield f"LABEL kdoctor.version={text(pinned.kdoctor)}"
