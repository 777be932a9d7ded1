"""What fulfils the specs, what would, and what is said where nothing does or the channel cannot be read."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest

from kdoctor.fix.conda import Access, without_credentials
from kdoctor.fix.solve import NoSolution, Package, Solution, Unreachable, is_gpu_build, solve
from kdoctor.model.trouble import Trouble
from tests.fix.asking import needs_rattler, question, solved
from tests.fix.channel import STAMP, StandIn, keras_channel, serving

pytestmark = needs_rattler


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """The channel that these tests only read."""
    return keras_channel(tmp_path_factory.mktemp("channel"))


def builds(found: object) -> dict[str, str]:
    """Name to version and build."""
    assert isinstance(found, Solution), found
    return {package.name: f"{package.version} {package.build}" for package in found.packages}


def test_the_newest_gpu_build_that_the_driver_allows_is_taken(channel: StandIn, tmp_path: Path) -> None:
    found = builds(solve(question(channel.url, tmp_path)))
    assert found["tensorflow"] == "2.18.0 cuda126py311h1_200"
    assert found["python"] == "3.11.9 0"


def test_a_solution_says_where_everything_comes_from_and_how_large_it_is(channel: StandIn, tmp_path: Path) -> None:
    found = solved(question(channel.url, tmp_path, "extra"))
    (package,) = found.packages
    row = channel.rows["linux-64"][package.file_name]
    assert (package.size, package.sha256, package.md5) == (row["size"], row["sha256"], row["md5"])
    assert package.url == f"{channel.url}/linux-64/{package.file_name}"
    assert found.total_bytes == package.size


def test_a_cpu_build_is_taken_only_where_it_may_be(channel: StandIn, tmp_path: Path) -> None:
    found = builds(solve(question(channel.url, tmp_path, cuda="", gpu=())))
    assert found["tensorflow"] == "2.20.0 cpu_py311h1_0"


def test_where_only_a_cpu_build_fits_it_is_refused_by_name(channel: StandIn, tmp_path: Path) -> None:
    found = solve(question(channel.url, tmp_path, "tensorflow 2.20.*"))
    assert isinstance(found, NoSolution)
    assert found.cpu_builds == ("tensorflow 2.20.0 cpu_py311h1_0",)


def test_an_old_driver_is_answered_with_the_lowest_cuda_that_would_do(channel: StandIn, tmp_path: Path) -> None:
    higher = {"__cuda": ("11.8", "12.0", "12.4", "12.6", "12.9", "13.0")}
    found = solve(question(channel.url, tmp_path, cuda="11.2", alternatives=higher))
    assert isinstance(found, NoSolution)
    text = "with __cuda 12.6 instead of 11.2: keras 3.8.0 0, python 3.11.9 0, tensorflow 2.18.0 cuda126py311h1_200"
    assert str(found.relaxations[0]) == text


def test_without_a_driver_the_relaxation_says_instead_of_none(channel: StandIn, tmp_path: Path) -> None:
    found = solve(question(channel.url, tmp_path, cuda="", alternatives={"__cuda": ("12.9",)}))
    assert isinstance(found, NoSolution)
    assert str(found.relaxations[0]).startswith("with __cuda 12.9 instead of none: ")


def test_each_spec_is_relaxed_alone(channel: StandIn, tmp_path: Path) -> None:
    found = solve(question(channel.url, tmp_path, "tensorflow 2.18.*", "python 3.12.*", cuda="12.9"))
    assert isinstance(found, NoSolution)
    changes = [(one.was, one.now, one.gives[-1]) for one in found.relaxations]
    assert changes == [
        ("tensorflow 2.18.*", "tensorflow", "tensorflow 2.19.0 cuda129py312h1_200"),
        ("python 3.12.*", "python", "tensorflow 2.18.0 cuda126py311h1_200"),
    ]


def test_a_date_leaves_out_what_is_newer_and_is_relaxed_itself(channel: StandIn, tmp_path: Path) -> None:
    before = dt.datetime.fromtimestamp(STAMP / 1000 - 10, dt.timezone.utc)
    after = dt.datetime.fromtimestamp(STAMP / 1000 + 10, dt.timezone.utc)
    found = builds(solve(question(channel.url, tmp_path, cuda="", gpu=(), exclude_newer=after)))
    assert found["tensorflow"] == "2.19.0 cpu_py310h1_0"
    nothing = solve(question(channel.url, tmp_path, "extra", exclude_newer=before))
    assert isinstance(nothing, NoSolution)
    assert [one.kind for one in nothing.relaxations] == ["exclude-newer"]


def test_a_package_that_no_channel_has_is_named(channel: StandIn, tmp_path: Path) -> None:
    found = solve(question(channel.url, tmp_path, "keras-gpuu"))
    assert isinstance(found, NoSolution)
    assert "keras-gpuu" in found.text


def test_what_is_no_spec_is_a_slip_of_the_users(channel: StandIn, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match=r"this is no conda spec: x >") as caught:
        solve(question(channel.url, tmp_path, "x >"))
    assert (caught.value.reference, caught.value.code) == ("conda-spec-invalid", 2)


def test_a_channel_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    found = solve(question(f"file://{tmp_path}/none", tmp_path, "x"))
    assert isinstance(found, Unreachable)
    assert (found.channel, "No such file" in found.why) == (f"file://{tmp_path}/none", True)


@pytest.mark.parametrize(("mode", "why"), [("401", "401 Unauthorized"), ("503", "503 Service Unavailable")])
def test_a_server_that_refuses_is_quoted(channel: StandIn, tmp_path: Path, mode: str, why: str) -> None:
    with serving(channel.root) as server:
        server.modes["repodata.json"] = mode
        found = solve(question(server.url, tmp_path))
    assert isinstance(found, Unreachable)
    assert (found.channel, found.why) == (server.url, why)


@pytest.mark.parametrize("mode", ["garbage", pytest.param("truncate", marks=pytest.mark.slow)])
def test_an_index_that_is_damaged_makes_the_channel_unreachable(channel: StandIn, tmp_path: Path, mode: str) -> None:
    with serving(channel.root) as server:
        server.modes["repodata.json"] = mode
        found = solve(question(server.url, tmp_path))
    assert isinstance(found, Unreachable)
    assert found.why


def test_nobody_listening_is_unreachable_and_no_password_is_shown(tmp_path: Path) -> None:
    found = solve(question("http://me:secret@127.0.0.1:9/t/abc/channel", tmp_path))
    assert isinstance(found, Unreachable)
    assert found.channel == "http://127.0.0.1:9/t/<token>/channel"
    assert "refused" in found.why
    assert "secret" not in str(found)


def test_a_server_that_hangs_is_given_up(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        server.modes["repodata.json"] = "hang"
        with pytest.raises(Trouble, match="longer than") as caught:
            solve(question(server.url, tmp_path, timeout_s=0.5, network_s=0.5))
    assert caught.value.reference == "conda-too-slow"


def test_a_solver_that_needs_too_long_is_no_missing_solution(channel: StandIn, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no solution was found within 1e-06 s") as caught:
        solve(question(channel.url, tmp_path, timeout_s=1e-6))
    assert caught.value.reference == "solve-too-slow"


def test_memory_is_bounded(tmp_path: Path) -> None:
    large = StandIn(tmp_path / "large")
    large.rows["linux-64"] = {f"p{index}-1-0.tar.bz2": _record(f"p{index}", "x" * 2000) for index in range(20000)}
    specs = tuple(f"p{index}" for index in range(20000))
    with pytest.raises(Trouble) as caught:
        solve(question(large.write().url, tmp_path, *specs, memory_bytes=60 << 20, network_s=10.0))
    assert caught.value.reference in ("conda-out-of-memory", "conda-crashed")


def _record(name: str, text: str) -> dict[str, object]:
    return {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "license": text, "size": 1}


def test_without_py_rattler_the_extra_is_named(
    channel: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rattler.py").write_text("raise ImportError('no rattler')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Trouble, match=r"needs py-rattler 0\.28") as caught:
        solve(question(channel.url, tmp_path))
    assert caught.value.hint == "Install it: `pip install 'keras-doctor[fix]'`."


def test_headers_go_to_their_host_only(channel: StandIn, tmp_path: Path) -> None:
    access = Access(headers={"127.0.0.1": {"Authorization": "Bearer x"}, "other.example": {"Authorization": "no"}})
    with serving(channel.root, secret="Bearer x") as server:  # noqa: S106  of a loopback server
        found = solve(question(server.url, tmp_path, access=access))
        again = solve(question(server.url, tmp_path / "two"))
    assert isinstance(found, Solution)
    assert {header for _, header in server.seen} == {"Bearer x", ""}
    assert isinstance(again, Unreachable)


def test_a_mirror_is_asked_instead(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        access = Access(mirrors={"https://conda.example/forge": (server.url,)})
        found = solve(question("https://conda.example/forge", tmp_path, access=access))
    assert isinstance(found, Solution)
    assert server.seen


def test_a_proxy_is_asked_for_everything(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        found = solve(question("http://conda.example/forge", tmp_path, access=Access(proxies={"http": server.url})))
    assert isinstance(found, Unreachable)
    assert {path.partition("/forge")[0] for path, _ in server.seen} == {"http://conda.example"}


def test_without_verifying_certificates_mirrors_still_hold(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        access = Access(mirrors={"https://conda.example/forge": (server.url,)}, tls_no_verify=True)
        found = solve(question("https://conda.example/forge", tmp_path, access=access))
    assert isinstance(found, Solution)


def test_offline_uses_what_is_in_the_cache(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        asked = question(server.url, tmp_path)
        before = solve(msgspec.structs.replace(asked, offline=True))
        online = solve(asked)
        count = len(server.seen)
        offline = solve(msgspec.structs.replace(asked, offline=True))
        assert len(server.seen) == count
    assert isinstance(before, Unreachable)
    assert "offline" in before.why
    assert builds(online) == builds(offline)


def test_a_record_whose_name_would_be_a_path_is_refused(tmp_path: Path) -> None:
    channel = StandIn(tmp_path / "channel")
    name = channel.add("thing")
    channel.rows["linux-64"][name]["build"] = "../../x"
    with pytest.raises(Trouble, match=r"an odd name: '\.\./\.\./x'"):
        solve(question(channel.write().url, tmp_path, "thing"))


def test_a_record_without_a_hash_is_refused(tmp_path: Path) -> None:
    channel = StandIn(tmp_path / "channel")
    row = channel.rows["linux-64"][channel.add("thing")]
    del row["sha256"], row["md5"]
    with pytest.raises(Trouble, match=r"no hash for thing-1\.0-0\.tar\.bz2"):
        solve(question(channel.write().url, tmp_path, "thing"))


def test_headers_are_not_sent_to_who_is_not_verified(tmp_path: Path) -> None:
    access = Access(headers={"h": {"A": "b"}}, tls_no_verify=True)
    with pytest.raises(Trouble, match="not sent without verifying"):
        solve(question("https://h/c", tmp_path, access=access))


def test_a_question_without_specs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no specs"):
        solve(msgspec.structs.replace(question("file:///x", tmp_path), specs=()))


@pytest.mark.parametrize(
    ("build", "is_gpu"),
    [("cuda129py312h1_200", True), ("gpu_cuda118py311h1_0", True), ("py3.11_cuda12.1_cudnn8.9.2_0", True),
     ("cpu_py312h1_0", False), ("mkl_py39h1_0", False), ("cpu_generic_py312_0", False)],
)  # fmt: skip
def test_builds_of_each_channel_are_told_apart(build: str, is_gpu: bool) -> None:  # noqa: FBT001
    package = Package(
        name="p", version="1", build=build, subdir="linux-64", channel="", url="", file_name="", size=0, sha256="",
        record=json.dumps({}),
    )  # fmt: skip
    assert is_gpu_build(package) == is_gpu


def test_credentials_leave_a_text() -> None:
    assert without_credentials("see http://a:b@h/x and https://h/t/tok/c") == "see http://h/x and https://h/t/<token>/c"
