"""Every way in which a package can be bad or not come: one clear Trouble, and nothing of it outside its place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kdoctor.fix.execute import execute
from kdoctor.fix.install import LOCK_FILE, Way, install, lock_text
from kdoctor.fix.solve import Solution
from kdoctor.host.workspace import workspace
from kdoctor.model.plan import Download
from kdoctor.model.trouble import Trouble
from tests.fix.asking import good, names, needs_rattler, one_package, order, question, solved
from tests.fix.channel import StandIn, keras_channel, serving

pytestmark = needs_rattler


def refused(solution: Solution, folder: Path, **changes: Any) -> Trouble:  # noqa: ANN401
    """The trouble of an order that must fail and leave nothing."""
    asked = order(solution, folder)
    way = msgspec.structs.replace(asked.way, **changes)
    with pytest.raises(Trouble) as caught:
        execute(msgspec.structs.replace(asked, way=way), good)
    assert names(folder / "envs") == []
    return caught.value


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> StandIn:
    """The channel that these tests only read."""
    return keras_channel(tmp_path_factory.mktemp("channel"))


def test_the_environment_runs_and_holds_its_final_path(channel: StandIn, tmp_path: Path) -> None:
    target = tmp_path / "my énv"
    solution = solved(question(channel.url, tmp_path))
    with workspace(str(target)) as space:
        install(solution, space, Way(cache=str(tmp_path / "packages")))
        space.commit()
    said = subprocess.run([target / "bin/hello"], capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(target)
    run = subprocess.run(
        [target / "bin/python", "-c", "import here, sys; print(sys.prefix)"], capture_output=True, check=True
    )
    assert run.stdout.decode().strip() == str(target)


def test_the_prefix_looks_like_one_of_condas(channel: StandIn, tmp_path: Path) -> None:
    solution = solved(question(channel.url, tmp_path))
    execute(order(solution, tmp_path), good)
    prefix = tmp_path / "envs/env"
    modes = {path.name: path.stat().st_mode & 0o777 for path in (prefix / "conda-meta").iterdir()}
    assert sorted(modes) == sorted(["history", *(f"{p.name}-{p.version}-{p.build}.json" for p in solution.packages)])
    assert {mode & 0o444 for mode in modes.values()} == {0o444}
    assert names(prefix) == ["bin", "conda-meta", LOCK_FILE, "lib", "pyvenv.cfg"]
    meta = msgspec.json.decode((prefix / "conda-meta/keras-3.8.0-0.json").read_bytes())
    assert meta["requested_specs"] == ["keras"]
    assert Path(meta["extracted_package_dir"]).is_dir()


def test_the_lock_file_is_an_explicit_list_with_hashes(channel: StandIn, tmp_path: Path) -> None:
    solution = solved(question(channel.url, tmp_path, "extra"))
    execute(order(solution, tmp_path), good)
    lines = (tmp_path / "envs/env" / LOCK_FILE).read_text(encoding="utf-8").splitlines()
    (package,) = solution.packages
    assert lines[lines.index("@EXPLICIT") + 1 :] == [f"{package.url}#sha256:{package.sha256}"]
    assert "\n".join(lines) + "\n" == lock_text(solution)


def test_a_lock_file_holds_no_password(channel: StandIn, tmp_path: Path) -> None:
    solution = solved(question(channel.url, tmp_path, "extra"))
    (package,) = solution.packages
    secret = msgspec.structs.replace(package, url="https://me:secret@host/t/token-1/c/linux-64/extra-1.0-0.tar.bz2")
    text = lock_text(msgspec.structs.replace(solution, packages=(secret,)))
    assert "secret" not in text
    assert "token-1" not in text


def test_progress_ends_with_everything_linked(channel: StandIn, tmp_path: Path) -> None:
    heard: list[Download] = []
    solution = solved(question(channel.url, tmp_path))
    execute(order(solution, tmp_path), good, on_progress=heard.append)
    count, size = len(solution.packages), solution.total_bytes
    assert heard[-1] == Download(ready=count, linked=count, total=count, bytes=size, bytes_total=size)


@pytest.mark.parametrize(
    ("mode", "reference"),
    [
        ("401", "channel-denied"),
        ("403", "channel-denied"),
        ("404", "package-gone"),
        ("503", "channel-failed"),
        pytest.param("corrupt", "package-corrupt", marks=pytest.mark.slow),
        pytest.param("garbage", "package-corrupt", marks=pytest.mark.slow),
        ("other", "package-wrong"),
        pytest.param("truncate", "package-truncated", marks=pytest.mark.slow),
    ],
)
def test_a_package_that_does_not_come_whole_is_named(
    channel: StandIn, tmp_path: Path, mode: str, reference: str
) -> None:
    with serving(channel.root) as server:
        solution = solved(question(server.url, tmp_path))
        server.modes["libthing-1.0-0.tar.bz2"] = mode
        trouble = refused(solution, tmp_path)
    assert trouble.reference == reference
    assert "libthing-1.0-0.tar.bz2" in trouble.message


def test_a_server_that_went_away_is_unreachable(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        solution = solved(question(server.url, tmp_path))
    assert refused(solution, tmp_path).reference == "channel-unreachable"


def test_a_download_that_stands_still_is_given_up(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        solution = solved(question(server.url, tmp_path))
        server.modes["libthing-1.0-0.tar.bz2"] = "hang"
        assert refused(solution, tmp_path, idle_s=0.7).message.endswith("nothing came for 0.7 s")


def test_a_package_that_is_no_archive_is_corrupt(tmp_path: Path) -> None:
    solution = one_package(tmp_path, files={"a": "b"})
    (package,) = solution.packages
    Path(package.url.removeprefix("file://")).write_bytes(b"no archive" * 50)
    hashless = msgspec.structs.replace(package, sha256="", md5="")
    trouble = refused(msgspec.structs.replace(solution, packages=(hashless,)), tmp_path)
    assert trouble.reference == "package-corrupt"


@pytest.mark.parametrize(
    "package",
    [
        {"paths": ["../../outside.txt"]},
        {"paths": ["/tmp/kdoctor-outside.txt"]},  # noqa: S108  it must not come to be
        {"paths": ["lib/../../outside.txt"]},
        {"links": {"lib": "/tmp"}, "paths": ["lib", "lib/kdoctor-outside.txt"]},  # noqa: S108
        {"links": {"lib": ".."}, "paths": ["lib", "lib/outside.txt"]},
        {"links": {"a": "b", "b": "../.."}, "paths": ["a", "b", "a/outside.txt"]},
        {"links": {"loop": "loop"}, "paths": ["loop", "loop/x"]},
    ],
)
def test_a_package_that_writes_outside_is_refused_before_it_does(tmp_path: Path, package: dict[str, Any]) -> None:
    for place in (tmp_path, tmp_path / "packages", tmp_path / "packages/thing-1.0-0"):
        place.mkdir(exist_ok=True)
    solution = one_package(tmp_path, files={"fine.txt": "x"}, **package)
    trouble = refused(solution, tmp_path)
    assert trouble.reference == "package-escapes"
    assert "thing" in trouble.message
    assert not Path("/tmp/kdoctor-outside.txt").exists()  # noqa: S108
    assert list(tmp_path.rglob("outside.txt")) == []


def test_a_package_cannot_write_through_the_link_of_another(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    channel = StandIn(tmp_path / "channel")
    channel.add("first", links={"share": str(tmp_path / "victim")})
    channel.add("second", depends=["first"], files={"share/outside.txt": "x"})
    trouble = refused(solved(question(channel.write().url, tmp_path, "second")), tmp_path)
    assert trouble.reference == "package-escapes"
    assert names(tmp_path / "victim") == []


@pytest.mark.parametrize("path", ["../../escaped.txt", "/escaped-kdoctor.txt"])
def test_an_archive_with_paths_outside_leaves_nothing_outside_the_cache(tmp_path: Path, path: str) -> None:
    solution = one_package(tmp_path, files={path: "x", "fine.txt": "y"}, paths=["fine.txt"])
    execute(order(solution, tmp_path), good)
    outside = [found for found in tmp_path.rglob("escaped*") if "thing-1.0-0" not in found.parts]
    assert (outside, Path("/escaped-kdoctor.txt").exists()) == ([], False)


def test_links_that_stay_inside_are_fine(tmp_path: Path) -> None:
    links = {"lib64": "lib", "bin/tool": "../lib64/tool", "etc": "/etc"}
    solution = one_package(tmp_path, files={"lib/tool": "x"}, links=links)
    execute(order(solution, tmp_path), good)
    assert (tmp_path / "envs/env/bin/tool").read_text(encoding="utf-8") == "x"


def test_offline_installs_what_is_cached_and_names_what_is_not(channel: StandIn, tmp_path: Path) -> None:
    with serving(channel.root) as server:
        solution = solved(question(server.url, tmp_path, "libthing", "extra"))
        only = msgspec.structs.replace(solution, packages=solution.packages[:1])
        execute(order(only, tmp_path, "one"), good)
        count = len(server.seen)
        asked = order(solution, tmp_path, "two")
        offline = msgspec.structs.replace(asked.way, offline=True)
        with pytest.raises(Trouble, match=r"libthing-1\.0-0\.tar\.bz2") as caught:
            execute(msgspec.structs.replace(asked, way=offline), good)
        execute(order(only, tmp_path, "three", way=offline), good)
        assert len(server.seen) == count
    assert caught.value.reference == "package-not-cached"


@pytest.mark.skipif(sys.platform != "linux", reason="a small file system of its own")
def test_a_disk_that_becomes_full_on_the_way_is_said(tmp_path: Path) -> None:
    solution = one_package(tmp_path, files={"big.bin": "0" * (8 << 20)})
    (tmp_path / "solution.json").write_bytes(msgspec.json.encode(solution))
    small = tmp_path / "small"
    small.mkdir()
    root = Path(__file__).resolve().parents[2]
    script = (
        "import sys, msgspec, pathlib; sys.path.insert(0, sys.argv[2]); from tests.fix.asking import *\n"
        "from kdoctor.fix.solve import Solution\n"
        "here = pathlib.Path(sys.argv[1]); from kdoctor.fix.execute import execute\n"
        "solution = msgspec.json.decode((here / 'solution.json').read_bytes(), type=Solution)\n"
        "try: execute(order(solution, here / 'small'), good)\n"
        "except Exception as error: print(error.reference, names(here / 'small/envs'))\n"
    )
    shell = 'mount -t tmpfs -o size=4m none "$1/small" || exit 77; exec "$2" -c "$3" "$1" "$4"'
    argv = ["unshare", "--mount", "sh", "-c", shell, "sh", str(tmp_path), sys.executable, script, str(root)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ran.returncode == 77 or "unshare" in ran.stderr:
        pytest.skip("this user may not mount a file system")
    assert (ran.stdout, ran.stderr[-500:]) == ("disk-full []\n", "")


def test_the_history_holds_what_was_asked_for(tmp_path: Path) -> None:
    solution = one_package(tmp_path)
    execute(order(solution, tmp_path), good)
    lines = (tmp_path / "envs/env/conda-meta/history").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("==> ")
    assert lines[1:] == [
        "# cmd: kdoctor fix",
        f"+{solution.packages[0].url.rpartition('/')[0]}::thing-1.0-0",
        "# update specs: ['thing']",
    ]
