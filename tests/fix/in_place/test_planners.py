"""What kdoctor plans to do itself on recorded machines, and why it does not elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kdoctor.fix.in_place.around import Around
from kdoctor.fix.in_place.keras_json import with_backend
from kdoctor.fix.in_place.planners import PLANNERS, plan
from kdoctor.host.live import LiveHost
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.change import ByHand, Change, MakeLink, RemoveFile, WriteFile
from kdoctor.model.facts.base import Facts, Section
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library, LibraryCopy
from tests.recorded import FOLDER, NAMES, checked

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
SITE = "/home/user/ml/lib/python3.12/site-packages"


def around(name: str, **changes: Any) -> Around:  # noqa: ANN401
    """What a planner sees of a recorded machine."""
    return Around(host=SysrootHost(str(FOLDER / name)), **changes)


def planned(name: str, facts: Facts | None = None, **changes: Any) -> Change | ByHand:  # noqa: ANN401
    """The plan for the primary finding of a machine."""
    report = checked(name).report
    assert report.primary is not None
    return plan(report.primary, facts or report.facts, around(name, **changes))


def plan_live(name: str, facts: Facts) -> Change | ByHand:
    """The plan for the primary finding of a machine, with other facts and this machine's files."""
    report = checked(name).report
    assert report.primary is not None
    return plan(report.primary, facts, Around(host=LiveHost(environ={})))


def with_section(facts: Facts, name: str, **changes: Any) -> Facts:  # noqa: ANN401
    """Facts with some fields of one section changed."""
    section = facts.sections[name]
    assert isinstance(section, Section)
    sections = {**facts.sections, name: msgspec.structs.replace(section, **changes)}
    return msgspec.structs.replace(facts, sections=sections)


def why(found: Change | ByHand) -> str:
    """Why kdoctor leaves it to the user."""
    assert isinstance(found, ByHand), found
    return found.why


def test_a_missed_library_is_linked_beside_another() -> None:
    found = planned("ubuntu2404-550-rtx3060-tf221-cusolver")
    assert isinstance(found, Change)
    place = f"{SITE}/nvidia/cuda_runtime/lib/libcusolver.so.11"
    assert found.edits == (MakeLink(path=place, target="../../cusolver/lib/libcusolver.so.11"),)
    assert found.shown == (
        "--- /dev/null",
        f"+++ {place}",
        "@@ symbolic link @@",
        "+../../cusolver/lib/libcusolver.so.11",
    )


def lost_cublas(facts: Facts) -> Facts:
    """The same machine with cuBLAS lost too."""
    libraries = facts.sections["cuda_libraries"]
    assert isinstance(libraries, CudaLibraries)
    place = f"{SITE}/nvidia/cublas/lib/libcublas.so.12"
    copy = LibraryCopy(path=place, realpath=place, source="pip")
    lost = Library(soname="libcublas.so.12", state="missing", copies=(copy,))
    search = libraries.searches[0]
    items = tuple(lost if item.soname == lost.soname else item for item in search.libraries)
    return with_section(facts, "cuda_libraries", searches=(msgspec.structs.replace(search, libraries=items),))


def test_every_missed_library_is_linked_with_what_it_needs_beside_itself() -> None:
    name = "ubuntu2404-550-rtx3060-tf221-cusolver"
    found = planned(name, lost_cublas(checked(name).report.facts))
    assert isinstance(found, Change)
    links = {edit.path.rpartition("/")[2]: edit.target for edit in found.edits if isinstance(edit, MakeLink)}
    assert links == {
        "libcublas.so.12": "../../cublas/lib/libcublas.so.12",
        "libcublasLt.so.12": "../../cublas/lib/libcublasLt.so.12",
        "libcusolver.so.11": "../../cusolver/lib/libcusolver.so.11",
    }
    assert found.title == "Link 3 libraries where TensorFlow looks"


def test_wheels_outside_of_the_environment_are_left_alone() -> None:
    name = "ubuntu2404-550-rtx3060-tf221-cusolver"
    facts = with_section(checked(name).report.facts, "interpreter", prefix="/home/user/other")
    assert "no directory of this environment" in why(planned(name, facts))


def test_the_systems_python_is_left_alone() -> None:
    name = "ubuntu2404-550-rtx3060-tf221-cusolver"
    facts = with_section(checked(name).report.facts, "interpreter", prefix="/usr", kind="plain")
    assert "belongs to the system" in why(planned(name, facts))


def test_a_venv_has_no_activation_scripts() -> None:
    assert "only a conda or pixi environment" in why(planned("ubuntu2204-550-rtx3090-tf218-not-on-path"))


def test_a_conda_environment_gets_two_scripts() -> None:
    name = "ubuntu2204-550-rtx3090-tf218-not-on-path"
    facts = with_section(checked(name).report.facts, "interpreter", kind="conda")
    found = planned(name, facts)
    assert isinstance(found, Change)
    assert [edit.path for edit in found.edits] == [
        "/home/user/ml/etc/conda/activate.d/kdoctor-cuda-libraries.sh",
        "/home/user/ml/etc/conda/deactivate.d/kdoctor-cuda-libraries.sh",
    ]
    assert found.settings["LD_LIBRARY_PATH"].startswith("/usr/local/cuda-12.6/targets/x86_64-linux/lib")
    assert found.then == "Activate the environment anew."


def test_scripts_that_would_lie_outside_of_the_environment_are_refused(tmp_path: Path) -> None:
    name = "ubuntu2204-550-rtx3090-tf218-not-on-path"
    (tmp_path / "env/etc").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "env/etc/conda").symlink_to("../../elsewhere")
    facts = with_section(checked(name).report.facts, "interpreter", kind="conda", prefix=str(tmp_path / "env"))
    found = plan_live(name, facts)
    assert f"leads out of the environment, to {tmp_path}/elsewhere/activate.d/" in why(found)


def test_the_backend_is_corrected_in_the_file() -> None:
    found = planned("ubuntu2404-550-rtx3060-tf220-theano")
    assert isinstance(found, Change)
    (edit,) = found.edits
    assert isinstance(edit, WriteFile)
    assert (edit.path, b'"theano"' in (edit.before or b"")) == ("/home/user/.keras/keras.json", True)
    assert edit.after == (edit.before or b"").replace(b'"theano"', b'"tensorflow"')
    assert [line for line in found.shown if line.startswith("+ ")] == ['+    "backend": "tensorflow"']


def test_a_variable_is_the_users_own() -> None:
    name = "ubuntu2404-550-rtx3060-tf220-theano"
    facts = with_section(checked(name).report.facts, "keras", backend_from="$KERAS_BACKEND")
    assert why(planned(name, facts)) == "$KERAS_BACKEND is set in your shell, not in a file that kdoctor knows"


def test_overlapping_packages_are_exchanged_by_the_tool_at_hand() -> None:
    name = "ubuntu2404-550-rtx3060-tf220-overlap"
    found = planned(name, uv="/usr/bin/uv")
    assert isinstance(found, Change)
    python = "/home/user/ml/bin/python"
    assert found.commands == (
        ("/usr/bin/uv", "pip", "uninstall", "--python", python, "tensorflow-cpu"),
        (
            *("/usr/bin/uv", "pip", "install", "--python", python, "--no-deps", "--force-reinstall"),
            "tensorflow==2.20.0",
        ),
    )
    assert found.packages is not None
    assert found.packages.names == ("tensorflow", "tensorflow-cpu")
    assert f"{SITE}/tensorflow/python/platform/build_info.py" in found.packages.files
    assert found.packages.roots == (SITE, "/home/user/ml/bin")


def test_without_a_tool_packages_are_left_alone() -> None:
    assert "neither pip" in why(planned("ubuntu2404-550-rtx3060-tf220-overlap"))


def test_kdoctors_own_environment_is_left_alone() -> None:
    found = planned("ubuntu2404-550-rtx3060-tf220-overlap", uv="uv", own_prefix="/home/user/ml")
    assert "kdoctor runs from this environment" in why(found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"prefix": "/usr", "kind": "plain"}, "belongs to the system"),
        ({"prefix": "/home/user/other"}, "outside of"),
    ],
)
def test_packages_elsewhere_are_left_alone(changes: dict[str, str], expected: str) -> None:
    name = "ubuntu2404-550-rtx3060-tf220-overlap"
    facts = with_section(checked(name).report.facts, "interpreter", **changes)
    assert expected in why(planned(name, facts, uv="uv"))


def test_a_cpu_build_alone_is_another_environments_matter() -> None:
    assert "made as a new environment" in why(planned("ubuntu2404-550-rtx3060-tfcpu", uv="uv"))


def test_a_rule_without_a_planner_is_left_to_the_user() -> None:
    expected = "there is no change in place for KD305"
    assert why(planned("fedora41-565-rtx3060-keras-python314")) == expected


def test_what_needs_root_is_never_done() -> None:
    assert why(planned("debian12-none-rtx3060-tf220-no-driver")) == "it needs root"


def test_every_planner_answers_on_every_machine() -> None:
    """None of them may raise, whatever the facts lack."""
    for name in NAMES:
        report = checked(name).report
        for planner in PLANNERS.values():
            assert isinstance(planner(report.facts, around(name, uv="uv")), (Change, ByHand))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"backend": "theano"}', '{"backend": "jax"}'),
        ('{\r\n\t"backend"\r\n:\t"theano" ,"x":1}\r\n', '{\r\n\t"backend"\r\n:\t"jax" ,"x":1}\r\n'),
        ('{"a": "\\"backend\\": \\"b\\"", "backend": 7}', '{"a": "\\"backend\\": \\"b\\"", "backend": "jax"}'),
        ('{"backend": "a", "backend": "theano"}', '{"backend": "a", "backend": "jax"}'),
        ('{"x": {"backend": "a"}}', ""),
        ('{"back\\u0065nd": "theano"}', ""),
        ('["backend"]', ""),
        ("{", ""),
    ],
)
def test_only_the_value_of_the_top_level_is_replaced(text: str, expected: str) -> None:
    assert with_backend(text, "jax") == expected


def broken(tmp_path: Path, data: bytes, name: str = "ubuntu2404-550-rtx3060-tf220-theano") -> Change | ByHand:
    """The plan for a keras.json that is no JSON."""
    (tmp_path / "keras.json").write_bytes(data)
    config = str(tmp_path / "keras.json")
    facts = with_section(
        checked(name).report.facts, "keras", backend_from="default", config=config, config_trouble="is no JSON"
    )
    return plan_live(name, facts)


def test_a_file_that_is_no_json_is_taken_away(tmp_path: Path) -> None:
    found = broken(tmp_path, b"{theano\n")
    assert isinstance(found, Change)
    assert found.edits == (RemoveFile(path=f"{tmp_path}/keras.json", before=b"{theano\n"),)
    assert found.shown[2:] == ("@@ -1 +0,0 @@", "-{theano")


def test_a_file_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    assert why(broken(tmp_path, b"\xff\xfe{")) == f"{tmp_path}/keras.json is not UTF-8 text"


def test_a_link_is_not_left_without_its_file(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_bytes(b"{")
    (tmp_path / "keras.json").symlink_to("dotfiles.json")
    assert "is a link" in why(broken(tmp_path, b"{"))
