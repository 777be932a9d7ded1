"""The simulated driver's cache: one build whatever happens, and what is said where there can be none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdoctor.host import fake_driver
from kdoctor.host.fake_driver import built, environment, kept_state
from kdoctor.model.trouble import Trouble
from tests.fakegpu.kit import compiler

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the simulated driver is for Linux")
FILES = ["bin/nvidia-smi", "both/libcuda.so.1", "both/libnvidia-ml.so.1"]
MAKE = (
    "import sys; from pathlib import Path; from kdoctor.host.fake_driver import built; print(built(Path(sys.argv[1])))"
)


def names(folder: Path) -> list[str]:
    """What is in the cache."""
    return sorted(path.name for path in folder.iterdir())


def test_starts_at_the_same_time_leave_one_whole_build(tmp_path: Path) -> None:
    compiler()
    children = [
        subprocess.Popen((sys.executable, "-c", MAKE, str(tmp_path)), stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = {child.communicate(timeout=120)[0].strip() for child in children}
    assert [child.returncode for child in children] == [0] * 4
    (folder,) = said
    assert names(tmp_path) == [Path(folder).name]
    assert [name for name in FILES if not (Path(folder) / name).is_file()] == []


def test_a_second_start_compiles_nothing(tmp_path: Path) -> None:
    compiler()
    folder = built(tmp_path)
    before = (folder / "both/libcuda.so.1").stat().st_mtime_ns
    assert (built(tmp_path) / "both/libcuda.so.1").stat().st_mtime_ns == before


def test_a_killed_build_is_in_nobodys_way_and_goes_when_it_is_old(tmp_path: Path) -> None:
    compiler()
    for name, age_s in (("making-new", 1), ("making-old", 2 * fake_driver.FORGOTTEN_S)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "libcuda.so.1").write_bytes(b"half")
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    folder = built(tmp_path)
    assert names(tmp_path) == sorted([folder.name, "making-new"])


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "cc").write_text("#!/bin/sh\necho 'cuda.c:1:1: fatal error: stdio.h: No such file' >&2\nexit 1\n")
    (broken / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:/bin:/usr/bin")
    cache = tmp_path / "cache"
    with pytest.raises(Trouble, match=r"could not compile cuda.c: .*stdio.h: No such file") as caught:
        built(cache)
    assert (caught.value.code, names(cache)) == (3, [])


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    compiler()
    (tmp_path / "file").write_text("")
    with pytest.raises(Trouble, match="cannot be written") as caught:
        built(tmp_path / "file" / "cache")
    assert "XDG_CACHE_HOME" in caught.value.hint


def test_equal_states_are_one_file(tmp_path: Path) -> None:
    first, second = kept_state(tmp_path, "device_count=1\n"), kept_state(tmp_path, "device_count=1\n")
    assert (first, names(tmp_path)) == (second, [first.name])
    assert first.read_text() == "device_count=1\n"


def test_nothing_empty_is_put_into_a_search_path(tmp_path: Path) -> None:
    """An empty entry would be the current directory."""
    found = environment(tmp_path, tmp_path / "x.state", "both", {"LD_LIBRARY_PATH": "", "PATH": ""})
    assert found["LD_LIBRARY_PATH"] == f"{tmp_path}/both"
    assert found["PATH"] == f"{tmp_path}/bin:{os.defpath}"


def test_without_nvml_there_is_no_nvidia_smi(tmp_path: Path) -> None:
    found = environment(tmp_path, tmp_path / "x.state", "only-libcuda", {"PATH": "/bin"})
    assert (found["PATH"], found["LD_LIBRARY_PATH"]) == ("/bin", f"{tmp_path}/only-libcuda")
