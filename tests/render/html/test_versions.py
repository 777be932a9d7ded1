"""Versions beside needs: the tables' own numbers, and the same verdicts as the rules."""

from __future__ import annotations

import msgspec
import pytest

from kdoctor.model.facts.base import SCHEMA, Absent, Answered, Facts, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibrarySearch
from kdoctor.model.facts.driver import Driver
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.gpus import Gpu, Gpus
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.facts.symptoms import Line, Stated, Symptoms
from kdoctor.model.facts.system import System
from kdoctor.model.version import ComputeCapability, CudaVersion, DriverRelease, PythonVersion, SymbolVersion
from kdoctor.render.html.versions import Need, needs
from tests.recorded import NAMES, checked
from tests.render.html.documents import log

PYTHON = Interpreter(path="/p", realpath="/p", version=PythonVersion("3.11.7"), kind="venv", prefix="/v")
TENSORFLOW = Build(
    framework="tensorflow",
    version="2.19.0",
    distribution="tensorflow",
    directory="/t",
    gpu="cuda",
    cuda=CudaVersion("12.5.1"),
    cudnn="9.3",
    gpu_code=("sm_80", "ptx_90", *(f"sm_{number}" for number in range(81, 100))),
)


def build(**changes: object) -> Build:
    return msgspec.structs.replace(TENSORFLOW, **changes)


def rows(one: Build, **sections: Answered) -> dict[str, Need]:
    """The rows of one framework by name."""
    facts = Facts(schema=SCHEMA, origin="file", sections={"frameworks": Frameworks(builds=(one,)), **sections})
    return {need.what: need for _, some in needs(facts) for need in some}


def search(soname: str, **changes: object) -> CudaLibraries:
    library = msgspec.structs.replace(Library(soname=soname, state="opens"), **changes)
    return CudaLibraries(searches=(LibrarySearch(framework="tensorflow", caller="/c.so", libraries=(library,)),))


@pytest.mark.parametrize(
    ("driver", "here", "state"),
    [
        (Driver(release=DriverRelease("470.82.01")), "470.82.01", "fails"),
        (Driver(release=DriverRelease("550.120")), "550.120", "fits"),
        (Absent(), "none", "fails"),
        (Unknown(reason="not recorded"), "unknown", "unknown"),
        (Driver(), "unknown", "unknown"),
    ],
)
def test_a_driver_is_compared_with_the_oldest_that_runs_the_cuda(driver: Answered, here: str, state: str) -> None:
    assert rows(build(), driver=driver)["driver"] == Need("driver", here, "525.60.13 or newer, for CUDA 12.5.1", state)  # type: ignore[arg-type]  # the table holds texts


@pytest.mark.parametrize(("capability", "state"), [("8.0", "fits"), ("3.5", "fails")])
def test_a_gpu_is_compared_with_the_code_in_the_build(capability: str, state: str) -> None:
    gpus = Gpus(items=(Gpu(vendor="NVIDIA", compute_capability=ComputeCapability(capability)), Gpu(vendor="NVIDIA")))
    need = rows(build(), gpus=gpus)["compute capability"]
    assert (need.here, need.state) == (capability, state)
    assert need.needed.startswith("code for sm_80, sm_81, ")
    assert need.needed.endswith("and 7 more")


@pytest.mark.parametrize(
    ("changes", "here", "state"),
    [
        ({"version": "9.5.1"}, "9.5.1", "fits"),
        ({"version": "9.1.0"}, "9.1.0", "fails"),
        ({"version": "8.9.7"}, "8.9.7", "fails"),
        ({"version": ""}, "libcudnn.so.9", "unknown"),
        ({"version": "9"}, "9", "unknown"),
        ({"state": "missing"}, "libcudnn.so.9 missing", "fails"),
    ],
)
def test_cudnn_needs_the_same_major_and_at_least_the_minor(changes: dict[str, object], here: str, state: str) -> None:
    need = rows(build(), cuda_libraries=search("libcudnn.so.9", **changes))["cuDNN"]
    assert need == Need("cuDNN", here, "9.3 or newer, below 10", state)  # type: ignore[arg-type]  # the table holds texts


def test_a_build_that_names_a_major_only_takes_any_minor() -> None:
    need = rows(build(cudnn="8"), cuda_libraries=search("libcudnn.so.8", version="8.1.0"))["cuDNN"]
    assert (need.needed, need.state) == ("8", "fits")


@pytest.mark.parametrize(
    ("state", "here"), [("opens", "libcudart.so.12 12.5.82"), ("missing", "libcudart.so.12 missing")]
)
def test_the_runtime_is_the_library_that_the_loader_opens(state: str, here: str) -> None:
    version = "12.5.82" if state == "opens" else ""
    need = rows(build(), cuda_libraries=search("libcudart.so.12", state=state, version=version))["CUDA runtime"]
    assert (need.here, need.state) == (here, "fits" if state == "opens" else "fails")


@pytest.mark.parametrize(
    ("one", "here", "expected"),
    [
        (build(), "3.11.7", ("3.9 to 3.12", "fits")),
        (build(), "3.14.0", ("3.9 to 3.12", "unknown")),
        (build(framework="jax", version="0.7.0"), "3.10.1", (">=3.11", "fails")),
        (build(framework="torch", version="2.9.0"), "3.12.1", (">=3.10", "fits")),
    ],
)
def test_a_python_is_compared_with_the_wheels(one: Build, here: str, expected: tuple[str, str]) -> None:
    python = msgspec.structs.replace(PYTHON, version=PythonVersion(here))
    need = rows(one, interpreter=python)["Python"]
    assert (need.needed, need.state) == expected


def test_a_framework_that_no_table_knows_has_no_rows() -> None:
    cpu = build(gpu="none", cuda=None, version="nightly")
    assert rows(cpu, interpreter=PYTHON) == {}
    assert rows(build(gpu="none", version="99.1"), interpreter=PYTHON) == {}
    assert rows(build(framework="jax", gpu="none", version="99.1"), interpreter=PYTHON) == {}
    assert rows(build(cuda=CudaVersion("99.1"), version="x"), driver=Absent()) == {}


def test_keras_is_compared_with_its_tensorflow_and_a_backend_with_its_keras() -> None:
    nightly = rows(build(version="2.19.0"), keras=Keras(version="3.12.0.dev2025"))
    torch = rows(build(framework="torch", version="2.0.0"), keras=Keras(version="3.12.0", backend="torch"))
    old = rows(build(version="2.15.0"), keras=Keras(version="3.1.0"))
    assert (nightly["Keras"].state, old["Keras"].state, torch["torch"].state) == ("fits", "fails", "fails")


def test_an_older_glibc_than_the_wheel_needs_does_not_fit() -> None:
    old, new = (System(os="linux", machine="x86_64", glibc=SymbolVersion(text)) for text in ("2.12", "2.39"))
    assert [rows(build(), system=system)["glibc"].state for system in (old, new)] == ["fails", "fits"]


def test_what_a_text_states_is_compared_where_it_states_one_version() -> None:
    ((title, some),) = needs(log().facts)
    found = {need.what: (need.here, need.state) for need in some}
    assert title == "TensorFlow 2.4.1, as the text states"
    assert found == {
        "driver": ("470.82.01", "fits"),
        "CUDA toolkit": ("10.1", "fails"),
        "cuDNN": ("8.0.5", "fits"),
        "Python": ("3.8.10", "fits"),
    }


def stated(**versions: tuple[str, ...]) -> list[tuple[str, list[Need]]]:
    line = Line(file="a", number=1, text="")
    items = tuple(Stated(of=of, value=value, line=line) for of, values in versions.items() for value in values)
    symptoms = Symptoms(files=("a",), lines=1, seen=(), stated=items)
    return list(needs(Facts(schema=SCHEMA, origin="log", sections={"symptoms": symptoms})))


def test_a_text_that_states_two_versions_or_none_is_not_judged() -> None:
    ((_, some),) = stated(tensorflow=("2.4.1",), driver=("470.1", "450.2"), cuda=("11.0", "10.1"), cudnn=("8",))
    assert [(need.here, need.state) for need in some] == [
        ("470.1 and 450.2", "unknown"),
        ("11.0 and 10.1", "unknown"),
        ("8", "unknown"),
    ]
    assert stated(tensorflow=("2.4.1",)) == []
    assert stated(cuda=("11.0",)) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_fit_is_a_finding_too(name: str) -> None:
    """A red row on a machine where no rule fired would contradict the rest of the page."""
    report = checked(name).report
    failing = [need for _, some in needs(report.facts) for need in some if need.state == "fails"]
    fired = [finding for finding in report.findings if finding.role != "harmless"]
    assert not failing or fired, failing


def test_a_tensorflow_with_its_own_keras_inside_asks_for_none() -> None:
    assert "Keras" not in rows(build(version="1.14.0"), keras=Keras(version="2.3.1"))
