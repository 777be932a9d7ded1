"""The shipped tables are sound, and each kind of fault is noticed."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec.structs import replace
from packaging.version import Version

from kdoctor.knowledge.all_tables import Tables, shipped
from kdoctor.knowledge.invariants import problems, stale
from kdoctor.model.version import ComputeCapability, CudaVersion, CudnnVersion, DriverRelease, Soname

if TYPE_CHECKING:
    from collections.abc import Callable

    Plant = Callable[[Tables], Tables]


def in_table(name: str, field: str, index: int, **changes: object) -> Plant:
    """A fault that changes one row: ``field[index]`` of the table ``name``."""

    def plant(tables: Tables) -> Tables:
        table = getattr(tables, name)
        rows = list(getattr(table, field))
        rows[index] = replace(rows[index], **changes)
        return of(tables, name, **{field: tuple(rows)})

    return plant


def without(name: str, field: str, index: int) -> Plant:
    """A fault that leaves out one row."""

    def plant(tables: Tables) -> Tables:
        rows = list(getattr(getattr(tables, name), field))
        del rows[index]
        return of(tables, name, **{field: tuple(rows)})

    return plant


def repeated(name: str, field: str) -> Plant:
    """A fault that lists the last row twice."""
    return lambda tables: of(
        tables, name, **{field: (*getattr(getattr(tables, name), field), getattr(getattr(tables, name), field)[-1])}
    )


def of(tables: Tables, name: str, **changes: object) -> Tables:
    """The tables with fields of the table ``name`` changed."""
    table: Any = replace(getattr(tables, name), **changes)
    return replace(tables, **{name: table})


def row(name: str, field: str, index: int, attribute: str, **changes: object) -> Plant:
    """A fault in the first element of a tuple of a row."""

    def plant(tables: Tables) -> Tables:
        first, *others = getattr(getattr(getattr(tables, name), field)[index], attribute)
        return in_table(name, field, index, **{attribute: (replace(first, **changes), *others)})(tables)

    return plant


def test_the_shipped_tables_are_sound() -> None:
    assert problems() == ()


def test_a_table_that_does_not_load_is_the_only_problem() -> None:
    def load() -> Tables:
        message = "not a dotted version: 'x' - at `$.release[3].cuda`"
        raise msgspec.ValidationError(message)

    assert problems(load=load) == ("a table does not load: not a dotted version: 'x' - at `$.release[3].cuda`",)


FAULTS: tuple[tuple[Plant, str], ...] = (
    (lambda tables: of(tables, "keras", sources=()), "keras: no source"),
    (repeated("keras", "sources"), "keras: source pypi is listed 2 times"),
    (in_table("jax", "sources", 0, what=" "), "jax: a source says nothing"),
    (in_table("torch", "sources", 0, read=dt.date(2031, 1, 1)), "torch: read = 2026"),
    (
        lambda tables: of(tables, "tensorflow", gpu_libraries=replace(tables.tensorflow.gpu_libraries, source="x")),
        "gpu_libraries names a source that is not listed",
    ),
    (without("tensorflow", "releases", 7), "tensorflow: 2.5 does not follow 2.3"),
    (repeated("tensorflow", "releases"), "tensorflow: 2.21 does not follow 2.21"),
    (without("keras", "releases", 3), "keras: 3.4 does not follow 3.2"),
    (without("jax", "releases", 1), "jax: 0.4.32 does not follow 0.4.30"),
    (without("torch", "releases", 1), "torch: 2.2 does not follow 2.0"),
    (without("cuda", "toolkits", -2), "cuda: 13.5 does not follow 13.3"),
    (without("cudnn", "rows", -2), "cudnn: 9.28 does not follow 9.26"),
    (in_table("torch", "releases", 2, patches=()), "TorchRelease 2.2: patches are not in order"),
    (
        in_table("keras", "releases", 0, patches=(Version("3.0.0"), Version("3.1.0"))),
        "KerasRelease 3.0: a patch belongs to another minor version",
    ),
    (in_table("tensorflow", "releases", -1, min_driver=DriverRelease("520.1")), "but cuda.toml says 525.60.13"),
    (
        in_table("tensorflow", "releases", -1, cuda=CudaVersion("99.0")),
        "tensorflow 2.21: CUDA 99.0 is not in cuda.toml",
    ),
    (in_table("torch", "releases", -1, cudnn=CudnnVersion("99.0")), "torch 2.15: cuDNN 99.0 is not in cudnn.toml"),
    (in_table("tensorflow", "releases", 5, numpy="about 2"), "tensorflow 2.2: numpy has the unreadable range"),
    (in_table("tensorflow", "releases", 5, numpy=">=1 ; python >"), "tensorflow 2.2: numpy has the unreadable range"),
    (in_table("tensorflow", "releases", -1, and_cuda=False), "and_cuda and its pins contradict each other"),
    (
        in_table("tensorflow", "releases", -1, and_cuda_pins={"nvidia-cuda-runtime-cu99": ">=1"}),
        "no component of cuda.toml comes with nvidia-cuda-runtime-cu99",
    ),
    (
        row("tensorflow", "releases", -1, "ptx_fails", compute_capability=ComputeCapability("8.0")),
        "ptx_fails 8.0 is not compiled from PTX",
    ),
    (row("tensorflow", "releases", -1, "ptx_fails", refs=()), "ptx_fails 12.0 has no source"),
    (in_table("tensorflow", "releases", -1, keras=">=3.99"), "pairing says >=3.12.0 for TensorFlow 2.21"),
    (
        lambda tables: of(tables, "keras", pairing=replace(tables.keras.pairing, same_minor_required=())),
        "pairing does not say which keras TensorFlow 2.6 takes",
    ),
    (lambda tables: of(tables, "keras", newest_for={"3.12": Version("3.0.0")}), "but 3.15.1 accepts it too"),
    (lambda tables: of(tables, "keras", newest_for={"3.8": Version("2.99")}), "is 2.99, which is not listed"),
    (in_table("cuda", "toolkits", 9, min_driver=DriverRelease("400.1")), "minimum driver 400.1 is older than"),
    (in_table("cuda", "toolkits", 9, full_driver=DriverRelease("400.1")), "full driver 400.1 is older than"),
    (
        in_table("cuda", "toolkits", 12, min_driver=DriverRelease("470.1")),
        "but 450.80.02 by minor version compatibility",
    ),
    (in_table("cuda", "driver_branch", 3, branch=1), "driver branches 396 and 1 are not in order"),
    (
        in_table("cuda", "driver_branch", 3, cuda=CudaVersion("8.0")),
        "driver branch 410 supports 8.0, which is not listed",
    ),
    (
        in_table("cuda", "toolkits", 0, soname={"cudart": Soname("libother.so.9")}),
        "no component cudart with libother.so.9",
    ),
    (in_table("cuda", "components", 0, pip={"11": "a", "12": "b"}), "cudart: pip and directory are not for the same"),
    (
        in_table("cuda", "components", 0, pip={"11": "a"}, directory={"11": "b"}),
        "no pip package brings libcudart.so.12",
    ),
    (repeated("cuda", "components"), "cuda: component nvcc is listed 2 times"),
    (in_table("cuda", "components", 1, stems=("libcudart", "libcublas")), "cuda: stem libcudart is listed 2 times"),
    (in_table("cuda", "components", 10, id="cudnn-9"), "tensorflow: opens cudnn, which is no component of cuda.toml"),
    (in_table("cuda", "components", 10, stems=("libcudnn",)), "cudnn: no component has libcudnn_ops.so.9"),
    (repeated("cudnn", "bad"), "cudnn: bad zlib-on-windows is listed 2 times"),
    (in_table("cudnn", "bad", 0, before_version=CudnnVersion("9.1")), "mixed-with-system-copy: the range is empty"),
    (in_table("cudnn", "rows", -1, min_cc=ComputeCapability("5.0")), "and min_cc 5.0 of 9.28 contradict each other"),
    (in_table("cudnn", "rows", -1, soname=Soname("libcudnn.so.10")), "libcudnn.so.10 is not among the libraries"),
    (in_table("cudnn", "rows", -1, pypi_cu12=(CudnnVersion("9.1.0.1"),)), "9.1.0.1 is another minor version"),
    (repeated("gpus", "models"), "gpus: id "),
    (in_table("gpus", "chips", 0, architecture="Celsius"), "chip GF: no architecture Celsius"),
    (in_table("gpus", "models", 0, compute_capability=ComputeCapability("9.9")), "k40: 9.9 is not Kepler"),
    (in_table("gpus", "models", 0, name_regex="("), "k40: the regex does not compile"),
    (in_table("gpus", "models", 0, name_regex="(A|B)|C"), "k40: alternatives belong in parentheses"),
    (in_table("gpus", "architectures", 0, compute_capabilities=(ComputeCapability("3.0"),)), "gpus: capability 3.0 is"),
    (repeated("signatures", "signatures"), "signatures: id nccl-error is listed 2 times"),
    (in_table("signatures", "signatures", 0, regex="("), "tf-cudart-missing: the regex does not compile"),
    (in_table("signatures", "signatures", 0, sample="other"), "tf-cudart-missing: the regex does not match the sample"),
    (in_table("signatures", "signatures", 0, harmless=True), "harmless and effect contradict each other"),
    (in_table("signatures", "signatures", 0, overrides=("gone",)), "overrides gone, which does not exist"),
    (in_table("signatures", "signatures", 0, refs=()), "tf-cudart-missing: no source"),
)


@pytest.mark.parametrize(("plant", "sentence"), FAULTS, ids=[sentence for _, sentence in FAULTS])
def test_a_planted_fault_is_noticed(plant: Plant, sentence: str) -> None:
    found = problems(plant(shipped()))
    assert any(sentence in problem for problem in found), found


def test_a_table_without_the_component_cudnn_is_noticed_and_nothing_breaks() -> None:
    found = problems(of(shipped(), "cuda", components=()))
    assert "cudnn: no component has libcudnn.so.9" in found


def test_a_table_is_stale_after_half_a_year() -> None:
    tables = shipped()
    newest = max(table.read for _, table in tables.named())
    assert stale(tables, newest + dt.timedelta(days=100)) == ()
    assert len(stale(tables, newest + dt.timedelta(days=200))) == len(list(tables.named()))


@pytest.mark.filterwarnings("default")
def test_readings_older_than_half_a_year_are_warned_about() -> None:
    for sentence in stale(shipped(), dt.datetime.now(tz=dt.timezone.utc).date()):
        warnings.warn(f"{sentence}: run scripts/update-knowledge", stacklevel=1)
