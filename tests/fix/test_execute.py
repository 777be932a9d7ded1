"""Made in full or not at all: whatever fails, whoever kills, however many start at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kdoctor.fix.execute import Made, NotVerified, Order, Verdict, check_place, execute, needed_bytes
from kdoctor.fix.install import LOCK_FILE
from kdoctor.host import place
from kdoctor.model.trouble import Trouble
from tests.fix.asking import good, names, needs_rattler, order, question, solved
from tests.fix.channel import keras_channel

pytestmark = [needs_rattler, pytest.mark.skipif(sys.platform == "win32", reason="POSIX")]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Order:
    """An order whose packages are in the cache by now."""
    folder = tmp_path_factory.mktemp("plain")
    channel = keras_channel(folder / "channel")
    return order(solved(question(channel.url, folder)), folder)


@pytest.fixture(scope="module")
def richer(plain: Order) -> Order:
    """The same with a package more."""
    folder = Path(plain.way.cache).parent
    asked = plain.solution.question
    specs = (*asked.specs, "extra")
    return msgspec.structs.replace(
        plain, solution=solved(msgspec.structs.replace(asked, specs=specs)), prefix=str(folder / "envs/rich")
    )


def at(asked: Order, prefix: Path, *, replace: bool = False, wait_s: float = 0.0) -> Order:
    """The order for another place."""
    return msgspec.structs.replace(asked, prefix=str(prefix), replace=replace, wait_s=wait_s)


def snapshot(prefix: Path) -> tuple[str, ...] | None:
    """All files of an environment, None where there is none."""
    if not prefix.exists():
        return None
    return tuple(sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if "__pycache__" not in path.parts))


def test_a_good_environment_is_made_and_its_lock_file_named(plain: Order, tmp_path: Path) -> None:
    seen: list[str] = []

    def verify(prefix: str) -> Verdict:
        seen.append(prefix)
        return Verdict(is_good=Path(prefix, "bin/python").exists(), why="fine")

    made = execute(at(plain, tmp_path / "new/env"), verify)
    assert isinstance(made, Made)
    assert (made.prefix, made.packages) == (str(tmp_path / "new/env"), len(plain.solution.packages))
    assert Path(made.lock_file) == tmp_path / "new/env" / LOCK_FILE
    assert made.verdict.why == "fine"
    assert not Path(seen[0]).exists()
    assert names(tmp_path / "new") == ["env"]


def test_what_does_not_pass_is_not_there(plain: Order, tmp_path: Path) -> None:
    found = execute(at(plain, tmp_path / "new/env"), lambda _: Verdict(is_good=False, why="no GPU"))
    assert found == NotVerified(prefix=str(tmp_path / "new/env"), verdict=Verdict(is_good=False, why="no GPU"))
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), SystemExit(1)])
def test_a_verification_that_raises_leaves_nothing(plain: Order, tmp_path: Path, error: BaseException) -> None:
    def verify(_: str) -> Verdict:
        raise error

    with pytest.raises(type(error)):
        execute(at(plain, tmp_path / "env"), verify)
    assert names(tmp_path) == []


def test_an_old_environment_is_kept_until_the_new_one_passed(plain: Order, richer: Order, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    execute(at(plain, prefix), good)
    before = snapshot(prefix)
    assert isinstance(execute(at(richer, prefix, replace=True), lambda _: Verdict(is_good=False)), NotVerified)
    assert snapshot(prefix) == before

    def verify(_: str) -> Verdict:
        return Verdict(is_good=snapshot(prefix) == before)

    assert isinstance(execute(at(richer, prefix, replace=True), verify), Made)
    assert (prefix / "share/extra.txt").read_text(encoding="utf-8") == str(prefix)
    assert names(tmp_path) == ["env"]


def test_a_dry_run_asks_the_same_and_changes_nothing(plain: Order, tmp_path: Path) -> None:
    check_place(at(plain, tmp_path / "a/b/env"))
    (tmp_path / "taken").mkdir()
    with pytest.raises(Trouble, match="exists"):
        check_place(at(plain, tmp_path / "taken"))
    assert names(tmp_path) == ["taken"]


def test_a_prefix_that_is_no_path_is_refused_first(plain: Order) -> None:
    for asked in (check_place, lambda one: execute(one, good)):
        with pytest.raises(Trouble, match="is no absolute path"):
            asked(msgspec.structs.replace(plain, prefix="env"))


def test_too_small_a_disk_is_refused_with_both_numbers(plain: Order, tmp_path: Path) -> None:
    (package, *_) = plain.solution.packages
    huge = msgspec.structs.replace(package, size=1 << 50)
    asked = at(
        msgspec.structs.replace(plain, solution=msgspec.structs.replace(plain.solution, packages=(huge,))),
        tmp_path / "x/env",
    )
    with pytest.raises(Trouble, match=r"MiB free; about \d+ MiB are needed") as caught:
        execute(asked, good)
    assert caught.value.reference == "disk-too-small"
    assert names(tmp_path) == []
    assert place.same_disk(str(tmp_path), asked.way.cache) == (needed_bytes(asked)[0] > (1 << 50) * 3.6)


class Zygote:
    """The victims' parent."""

    def __init__(self) -> None:
        """Start it; its imports are over when the first victim is asked for."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.fix.victim"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, asked: Order, delay_s: float) -> int:
        """How an order ended that was killed after the delay: 0, or 9 where it was not done by then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{delay_s} {msgspec.json.encode(asked).decode()}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture
def zygote() -> Iterator[Zygote]:
    """A parent of victims."""
    started = Zygote()
    yield started
    started.process.communicate(timeout=10)


def torture(zygote: Zygote, plain: Order, richer: Order, folder: Path, count: int) -> Counter[str]:
    """Kill ``count`` times, half of them while an environment is replaced; what was found after each."""
    prefix = folder / "env"
    wholes = {}
    for name, asked in (("richer", richer), ("plain", plain), ("richer", richer)):
        started = time.monotonic()
        assert zygote.run(at(asked, prefix, replace=True), 60) == 0
        wholes[snapshot(prefix)], took = name, time.monotonic() - started
    foreign = ["mine.kdoctor-notes", ".env.kdoctor-backup", ".other.kdoctor-0123abcd"]
    for name in foreign:
        (folder / name).mkdir()
        (folder / name / "kept.txt").write_text("x", encoding="utf-8")
    found: Counter[str] = Counter()
    drawn = random.Random(count)  # noqa: S311  moments, not secrets
    for index in range(count):
        replace = index >= count // 2
        if not replace and prefix.exists():
            subprocess.run(["rm", "-r", prefix], check=True)
        if replace and not prefix.exists():
            assert zygote.run(at(plain, prefix), 60) == 0
        late = index % 3 == 0  # where verifying and committing are
        moment = took * (drawn.uniform(0.6, 1.05) if late else drawn.uniform(0, 1))
        status = zygote.run(at((plain, richer)[index % 2], prefix, replace=replace), moment)
        after = snapshot(prefix)
        state = ("LOST" if replace else "absent") if after is None else wholes.get(after, "BROKEN")
        found[f"{state}, {'killed' if status == signal.SIGKILL else status}"] += 1
    assert zygote.run(at(plain, prefix, replace=True), 60) == 0
    assert wholes[snapshot(prefix)] == "plain"
    assert names(folder) == sorted([*foreign, "env"])
    assert [names(folder / name) for name in foreign] == [["kept.txt"]] * 3
    return found


def judged(found: Counter[str], count: int) -> None:
    """Nothing broken or lost, and enough of the moments were on the way."""
    print(found)  # noqa: T201  shown with -s, and where it fails
    assert sum(found.values()) == count
    assert [state for state in found if state.split(",")[0] not in ("absent", "plain", "richer")] == []
    assert sum(number for state, number in found.items() if state.endswith("killed")) > count * 0.3


@pytest.mark.slow
def test_thirty_kills_leave_it_absent_or_complete(zygote: Zygote, plain: Order, richer: Order, tmp_path: Path) -> None:
    judged(torture(zygote, plain, richer, tmp_path, 30), 30)


@pytest.mark.torture
def test_three_hundred_kills_leave_it_absent_or_complete(
    zygote: Zygote, plain: Order, richer: Order, tmp_path: Path
) -> None:
    judged(torture(zygote, plain, richer, tmp_path, 300), 300)


@pytest.mark.slow
def test_of_twenty_at_once_one_makes_it_and_the_others_say_so(plain: Order, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    line = b"60 " + msgspec.json.encode(at(plain, prefix, wait_s=60)) + b"\n"
    argv = [sys.executable, "-m", "tests.fix.victim"]
    started = [
        subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(20)
    ]
    said = [process.communicate(line, timeout=60) for process in started]
    codes = [os.waitstatus_to_exitcode(int(out)) for out, _ in said]
    assert sorted(codes) == [0] + [3] * 19
    assert {err.split(b":")[0] for (_, err), code in zip(said, codes, strict=True) if code} == {b"prefix-exists"}
    assert names(tmp_path) == ["env"]


def test_who_does_not_wait_is_told_who_holds_it(plain: Order, tmp_path: Path) -> None:
    said: list[str] = []

    def verify(_: str) -> Verdict:
        with pytest.raises(Trouble) as caught:
            execute(at(plain, tmp_path / "env", wait_s=0.1), good, on_wait=said.append)
        said.append(caught.value.message)
        return Verdict(is_good=True)

    assert isinstance(execute(at(plain, tmp_path / "env"), verify), Made)
    who, message = said
    assert f"process {os.getpid()} on " in who
    assert message == f"this environment is being made by {who}"
