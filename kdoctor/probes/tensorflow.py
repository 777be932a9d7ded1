"""Which TensorFlow is installed, and what was it built with? Read from its files; it is never imported."""

import ast
import re

from kdoctor.host import Host, exists, text_of
from kdoctor.knowledge.tensorflow import same_files
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.conda import Conda, CondaPackage
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.version import CudaVersion, CudnnVersion

BUILD_INFO = "tensorflow/python/platform/build_info.py"
MARKS = (BUILD_INFO, "tensorflow/_api", "tensorflow/__init__.py")
_SIZE_LIMIT = 1 << 20


def probe(
    host: Host, interpreter: Interpreter, distributions: Distributions, conda: Conda | Absent
) -> Tensorflow | Absent:
    """Find the package directory that Python would import, and read build_info.py as data."""
    same = same_files()
    owners = tuple(item for item in distributions.items if item.name in same)
    location = next(
        (path for path in interpreter.sys_path if any(exists(host, f"{path}/{mark}") for mark in MARKS)), ""
    )
    if not location and not owners:
        return Absent(looked=tuple(f"{path}/tensorflow" for path in interpreter.sys_path))
    here = tuple(item for item in owners if item.location == location) or owners
    facts = build_info(text_of(host, f"{location}/{BUILD_INFO}", limit=_SIZE_LIMIT)) if location else {}
    record = conda_record(conda, here)
    main = _main(tuple(item.name for item in here))
    cuda_build = facts.get("is_cuda_build")
    cudnn = CudnnVersion.parse(_number(facts.get("cudnn_version") or facts.get("cudnn_version_number")))
    return Tensorflow(
        distribution=f"{main or 'tensorflow'} (conda)" if record else main,
        version=next((item.version for item in here if item.name == main), record.version if record else ""),
        directory=f"{location}/tensorflow" if location else "",
        distributions=tuple(f"{item.name} {item.version}" for item in here),
        is_cuda_build=cuda_build if isinstance(cuda_build, bool) else None,
        is_rocm_build=facts.get("is_rocm_build") is True,
        cuda=CudaVersion.parse(_number(facts.get("cuda_version") or facts.get("cuda_version_number"))),
        cudnn=str(cudnn or ""),
        gpu_code=_texts(facts.get("cuda_compute_capabilities")),
        conda_build=record.build if record else "",
    )


def conda_record(conda: Conda | Absent, owners: tuple[Distribution, ...]) -> CondaPackage | None:
    """The record of conda's TensorFlow, None where pip has installed another one over it."""
    record = conda.get("tensorflow-base") or conda.get("tensorflow") if isinstance(conda, Conda) else None
    foreign = any(item.installer not in ("", "conda") for item in owners)
    others = record is not None and any(item.version != record.version for item in owners)
    return None if foreign and others else record


def _main(names: tuple[str, ...]) -> str:
    """The name that speaks for the files: plain ``tensorflow`` where it is among them."""
    return "tensorflow" if "tensorflow" in names else names[0] if names else ""


def _number(value: object) -> str:
    """A version as build_info.py has it; on Windows it is the number in a DLL's name.

    >>> _number("12.5.1"), _number("64_112"), _number("64_8"), _number(None)
    ('12.5.1', '11.2', '8', '')
    """
    text = str(value or "")
    digits = text.removeprefix("64_")
    return f"{digits[:-1]}.{digits[-1]}" if digits != text and len(digits) > 2 else digits  # noqa: PLR2004  112 is 11.2


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def build_info(text: str) -> dict[str, object]:
    """The literals of build_info.py, from its dictionaries and its plain assignments, old style and new.

    >>> build_info("build_info = OrderedDict([('cuda_version', '12.5.1'), ('is_cuda_build', True)])")
    {'cuda_version': '12.5.1', 'is_cuda_build': True}
    >>> build_info("is_cuda_build = False")
    {'is_cuda_build': False}
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, object] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            value = statement.value
            if isinstance(value, ast.Call) and value.args:
                value = value.args[0]
            found.update(_entries(statement.targets[0].id, value))
    return found


def _entries(name: str, value: ast.expr) -> dict[str, object]:
    try:
        literal = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return {}
    if isinstance(literal, dict):
        return {str(key): item for key, item in literal.items()}
    if isinstance(literal, list) and all(isinstance(item, tuple) and len(item) == 2 for item in literal):  # noqa: PLR2004
        return {str(key): item for key, item in literal}
    return {} if re.match("_", name) else {name: literal}
