"""The installed backends in one shape: what does each build need of a machine?"""

import re
from typing import Literal, get_args

import msgspec

from kdoctor.host import Host
from kdoctor.knowledge import jax as jax_table
from kdoctor.knowledge import keras as keras_table
from kdoctor.knowledge import tensorflow as tensorflow_table
from kdoctor.knowledge import torch as torch_table
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.conda import Conda
from kdoctor.model.facts.distributions import parse_release
from kdoctor.model.facts.frameworks import Build, FrameworkName, Frameworks
from kdoctor.model.facts.jax import Jax, JaxPlugin
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.facts.torch import Torch
from kdoctor.model.version import CudaVersion

FRAMEWORKS = get_args(FrameworkName)
CPU_DISTRIBUTIONS = ("tensorflow-cpu", "tensorflow-cpu-aws", "tf-nightly-cpu", "intel-tensorflow", "tensorflow-intel")
CPU_BUILDS = ("cpu_", "mkl_", "eigen_")


def probe(
    host: Host,  # noqa: ARG001  every probe takes the host
    tensorflow: Tensorflow | Absent,
    jax: Jax | Absent,
    torch: Torch | Absent,
    keras: Keras | Absent,
    conda: Conda | Absent,
) -> Frameworks | Absent:
    """Join what is installed with the tables, the backend that Keras uses first."""
    builds = []
    if isinstance(tensorflow, Tensorflow):
        builds.append(of_tensorflow(tensorflow))
    if isinstance(jax, Jax):
        builds.append(of_jax(jax, conda.prefix_build("jax") if isinstance(conda, Conda) else ""))
    if isinstance(torch, Torch):
        builds.append(of_torch(torch))
    if not builds:
        return Absent(looked=("tensorflow", "jax", "torch"))
    chosen = chosen_backend(keras, {build.framework for build in builds})
    marked = [msgspec.structs.replace(build, active=chosen in ("", build.framework)) for build in builds]
    return Frameworks(builds=tuple(sorted(marked, key=lambda build: not build.active)))


def chosen_backend(keras: Keras | Absent, installed: set[str]) -> str:
    """The backend that Keras uses, "" where it uses none of those installed, so that any may be meant.

    Keras has backends that are no framework of ours (numpy, openvino): with them none of ours is in use.
    """
    if isinstance(keras, Absent):
        return ""
    known = keras_table.known_backends(keras.release) if keras.release else ()
    elsewhere = keras.backend in known and keras.backend not in FRAMEWORKS
    return keras.backend if keras.backend in installed or elsewhere else ""


def of_tensorflow(found: Tensorflow) -> Build:
    """TensorFlow: its own build_info where it says, the table of wheels where it does not."""
    gpu = gpu_of(found)
    listed = listed_as(found) if gpu == "cuda" else None
    return Build(
        framework="tensorflow",
        version=found.version,
        distribution=found.distribution,
        directory=found.directory,
        gpu=gpu,
        cuda=found.cuda or (listed.cuda if listed else None),
        cudnn=str(listed.cudnn) if listed else found.cudnn,
        gpu_code=_code(found, listed),
        facts_from=f"{found.directory}/python/platform/build_info.py" if found.is_cuda_build is not None else "",
    )


def gpu_of(found: Tensorflow) -> Literal["cuda", "rocm", "none", "unknown"]:
    """What kind of build it is; without build_info.py the names of CPU packages decide."""
    if found.is_rocm_build:
        return "rocm"
    if found.is_cuda_build is not None:
        return "cuda" if found.is_cuda_build else "none"
    is_cpu = found.distribution in CPU_DISTRIBUTIONS or found.conda_build.startswith(CPU_BUILDS)
    return "none" if is_cpu else "unknown"


def listed_as(found: Tensorflow) -> tensorflow_table.TensorflowRelease | tensorflow_table.Prerelease | None:
    """The row of a wheel of the package index: conda's and vendors' builds have another CUDA and other code."""
    if found.conda_build or found.release is None:
        return None
    candidate = tensorflow_table.table().prerelease
    if found.release.local is None and found.release.release[:2] == candidate.version.release[:2]:
        return candidate
    return tensorflow_table.wheel_of(found.version)


def _code(
    found: Tensorflow, row: tensorflow_table.TensorflowRelease | tensorflow_table.Prerelease | None
) -> tuple[str, ...]:
    """Code targets with PTX named as such: the table's reading of the binary wins over build_info's short form."""
    if row is not None and row.binary_code:
        return row.binary_code
    declared = row.compute_capabilities if isinstance(row, tensorflow_table.TensorflowRelease) else ()
    return with_ptx_named(found.gpu_code or declared)


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


def of_jax(found: Jax, conda_build: str) -> Build:
    """JAX: a GPU build only with a CUDA plug-in, or with CUDA in jaxlib (conda, and wheels of JAX 0.4 and older)."""
    release = parse_release(found.version)
    row = jax_table.release_of(release) if release else None
    plugin = found.plugins[0] if found.plugins else None
    cuda, cudnn, code = _of_plugin(row, plugin)
    inside = re.search(r"cuda(\d\d)?", f"{found.jaxlib.partition('+')[2]} {conda_build}")
    if plugin is None and inside and inside[1]:
        cuda = CudaVersion(inside[1])
    return Build(
        framework="jax",
        version=found.version,
        distribution="jax (conda)" if conda_build else "jax",
        directory=found.directory,
        gpu="cuda" if plugin or inside else "none",
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
        gpu=("cuda" if found.cuda else "rocm" if found.hip else "none") if found.directory else "unknown",
        cuda=found.cuda,
        cudnn=str(row.cudnn) if row and same else "",
        gpu_code=row.gpu_code if row and same else (),
        facts_from=f"{found.directory}/version.py" if found.directory else "",
    )
