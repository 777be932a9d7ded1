"""The installed backends in one shape: what does each build need of a machine?"""

from __future__ import annotations

import msgspec

from kdoctor.host import Host
from kdoctor.knowledge import jax as jax_table
from kdoctor.knowledge import tensorflow as tensorflow_table
from kdoctor.knowledge import torch as torch_table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.jax import Jax, JaxPlugin
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.facts.torch import Torch
from kdoctor.model.version import CudaVersion


def probe(
    host: Host,  # noqa: ARG001  every probe takes the host
    tensorflow: Tensorflow | Absent,
    jax: Jax | Absent,
    torch: Torch | Absent,
    keras: Keras | Absent,
) -> Frameworks | Absent:
    """Join what is installed with the tables, the backend that Keras uses first."""
    builds = []
    if isinstance(tensorflow, Tensorflow):
        builds.append(of_tensorflow(tensorflow))
    if isinstance(jax, Jax):
        builds.append(of_jax(jax))
    if isinstance(torch, Torch):
        builds.append(of_torch(torch))
    if not builds:
        return Absent(looked=("tensorflow", "jax", "torch"))
    chosen = keras.backend if isinstance(keras, Keras) else ""
    if chosen not in {build.framework for build in builds}:
        chosen = ""
    marked = [
        msgspec.structs.replace(build, active=build.framework == chosen if chosen else True) for build in builds
    ]
    return Frameworks(builds=tuple(sorted(marked, key=lambda build: not build.active)))


def of_tensorflow(found: Tensorflow) -> Build:
    """TensorFlow: its own build_info where it says, the table where it does not."""
    row = tensorflow_table.release_of(found.release) if found.release else None
    if found.is_rocm_build:
        gpu = "rocm"
    elif found.is_cuda_build is None:
        gpu = "none" if found.distribution in CPU_DISTRIBUTIONS or found.conda_build.startswith("cpu_") else "unknown"
    else:
        gpu = "cuda" if found.is_cuda_build else "none"
    listed = row if row and gpu == "cuda" else None
    return Build(
        framework="tensorflow",
        version=found.version,
        distribution=found.distribution,
        directory=found.directory,
        gpu=gpu,
        cuda=found.cuda or (listed.cuda if listed else None),
        cudnn=str(listed.cudnn) if listed and not found.conda_build else found.cudnn,
        gpu_code=_code(found, listed),
        facts_from=f"{found.directory}/python/platform/build_info.py" if found.is_cuda_build is not None else "",
    )


CPU_DISTRIBUTIONS = ("tensorflow-cpu", "tensorflow-cpu-aws", "tf-nightly-cpu", "intel-tensorflow", "tensorflow-intel")


def _code(found: Tensorflow, row: tensorflow_table.TensorflowRelease | None) -> tuple[str, ...]:
    """Code targets with PTX named as such: the table's reading of the binary wins over build_info's short form."""
    measured = row.binary_code if row and not found.conda_build else ()
    if measured:
        return measured
    return with_ptx_named(found.gpu_code or (row.compute_capabilities if row else ()))


def with_ptx_named(declared: tuple[str, ...]) -> tuple[str, ...]:
    """Build files write compute_90 for machine code and PTX of 9.0; here both have their own name.

    >>> with_ptx_named(("sm_80", "compute_90"))
    ('sm_80', 'sm_90', 'ptx_90')
    """
    named: list[str] = []
    for target in declared:
        if target.startswith("compute_"):
            named += [target.replace("compute_", "sm_"), target.replace("compute_", "ptx_")]
        else:
            named.append(target)
    return tuple(named)


def of_jax(found: Jax) -> Build:
    """JAX: a GPU build only with a CUDA plug-in."""
    release = parse_release(found.version)
    row = jax_table.release_of(release) if release else None
    plugin = found.plugins[0] if found.plugins else None
    cuda, cudnn, code = _of_plugin(row, plugin)
    return Build(
        framework="jax",
        version=found.version,
        distribution="jax",
        directory=found.directory,
        gpu="cuda" if plugin else "none",
        cuda=cuda,
        cudnn=cudnn,
        gpu_code=code,
        facts_from=plugin.directory if plugin else "",
    )


def _of_plugin(
    row: jax_table.JaxRelease | None, plugin: JaxPlugin | None
) -> tuple[CudaVersion | None, str, tuple[str, ...]]:
    """CUDA, oldest cuDNN and code targets of a plug-in; only its CUDA major where the table has no row."""
    if plugin is None:
        return None, "", ()
    major = CudaVersion(str(plugin.cuda_major))
    if row is None:
        return major, "", ()
    if plugin.cuda_major == 13:  # noqa: PLR2004  the table has one column for each of the two majors
        cuda, cudnn, code = row.build_cuda13, row.build_cudnn13, row.compute_capabilities13
    else:
        cuda, cudnn, code = row.build_cuda12, row.build_cudnn12, row.compute_capabilities12
    return cuda or major, cudnn.short if cudnn else "", with_ptx_named(code)


def of_torch(found: Torch) -> Build:
    """PyTorch: version.py says what it was built with; its GPU code is known for the default build only."""
    release = parse_release(found.version)
    row = torch_table.release_of(release) if release else None
    same = row is not None and found.cuda is not None and row.cuda.short == found.cuda.short
    return Build(
        framework="torch",
        version=found.version,
        distribution="torch",
        directory=found.directory,
        gpu="cuda" if found.cuda else "rocm" if found.hip else "none",
        cuda=found.cuda,
        cudnn=str(row.cudnn) if row and same else "",
        gpu_code=row.gpu_code if row and same else (),
        facts_from=f"{found.directory}/version.py",
    )
