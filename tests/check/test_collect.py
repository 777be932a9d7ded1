"""Collecting: probes in any order, each isolated, none able to hold up the rest."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kdoctor.check.collect import Progress, collect
from kdoctor.check.registry import Broken, Probe, find_probes, kinds_of, parameters_of, section_of
from kdoctor.host import Host
from kdoctor.host.sysroot import SysrootHost
from kdoctor.model.facts.base import Absent, Answered, Facts, Unknown
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.cpu import Cpu
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.scheduler import Scheduler
from kdoctor.model.facts.wsl import Wsl

GIVEN: dict[str, Answered] = {"environ": Environ(variables={"A": "1"})}
RELEASE = threading.Event()


def container(host: Host, environ: Environ) -> Container:
    return Container(kind=host.origin, signs=tuple(environ.variables))


def scheduler(host: Host, container: Container) -> Scheduler:
    return Scheduler(kind=container.kind, signs=(host.origin,))


def no_container(host: Host) -> Container | Absent:
    return Absent(looked=(host.origin,))


def unknown_container(host: Host) -> Container | Unknown:
    return Unknown(reason=f"not on {host.origin}")


def tolerant_scheduler(host: Host, container: Container | Absent | Unknown) -> Scheduler:
    return Scheduler(kind=type(container).__name__, signs=(host.origin,))


def raising(host: Host) -> Cpu:
    message = f"bug on {host.origin}"
    raise ZeroDivisionError(message)


def hanging(host: Host) -> Cpu:
    RELEASE.wait(30)
    return Cpu(model=host.origin, cores=1, flags=())


def flooding(host: Host) -> Wsl:
    text = "x" * (8 << 20)
    return Wsl(version=2, dxg=False, windows_libcuda=text + host.origin)


def returning_none(host: Host) -> Cpu:
    return None if host.origin else Cpu(model="", cores=1, flags=())  # type: ignore[return-value]  # a plug-in's bug


def returning_another(host: Host) -> Cpu:
    return Wsl(version=2, dxg=bool(host.origin))  # type: ignore[return-value]  # a plug-in's bug


def circle_one(host: Host, scheduler: Scheduler) -> Container:
    return Container(kind=scheduler.kind, signs=(host.origin,))


def probe_of(function: Callable[..., Answered]) -> Probe:
    kinds = kinds_of(parameters_and_return(function))
    return Probe(section=section_of(kinds), needs=parameters_of(function), function=function)


def parameters_and_return(function: Callable[..., Answered]) -> object:
    return eval(function.__annotations__["return"], globals())  # noqa: S307  the annotations of this file


def run(folder: Path, *functions: Callable[..., Answered], timeout_s: float = 20) -> Facts:
    probes = tuple(probe_of(function) for function in functions)
    return collect(SysrootHost(str(folder)), probes, GIVEN, timeout_s=timeout_s)


def test_a_probe_gets_what_others_found_whatever_the_order(tmp_path: Path) -> None:
    facts = run(tmp_path, scheduler, container)
    assert facts.sections == {
        **GIVEN,
        "container": Container(kind="sysroot", signs=("A",)),
        "scheduler": Scheduler(kind="sysroot", signs=("sysroot",)),
    }
    assert facts.origin == "sysroot"


def test_a_given_section_is_not_measured_again(tmp_path: Path) -> None:
    given = {**GIVEN, "container": Container(kind="given", signs=())}
    facts = collect(SysrootHost(str(tmp_path)), (probe_of(container),), given, timeout_s=20)
    assert facts.sections["container"] == given["container"]


def test_a_probe_that_raises_leaves_one_unknown_section(tmp_path: Path) -> None:
    facts = run(tmp_path, raising, container)
    assert facts.sections["cpu"] == Unknown(reason="the probe crashed: ZeroDivisionError: bug on sysroot")
    assert isinstance(facts.sections["container"], Container)


def test_a_probe_that_hangs_is_given_up(tmp_path: Path) -> None:
    try:
        facts = run(tmp_path, hanging, container, timeout_s=0.3)
    finally:
        RELEASE.set()
    assert facts.sections["cpu"] == Unknown(reason="gave no result in 0.3 s")
    assert isinstance(facts.sections["container"], Container)
    assert facts.seconds < 10


def test_a_probe_that_floods_holds_up_nobody(tmp_path: Path) -> None:
    facts = run(tmp_path, flooding, container)
    assert isinstance(facts.sections["wsl"], Wsl)
    assert isinstance(facts.sections["container"], Container)


@pytest.mark.parametrize(("function", "kind"), [(returning_none, "NoneType"), (returning_another, "Wsl")])
def test_a_probe_that_returns_no_section_of_its_own_is_unknown(
    tmp_path: Path, function: Callable[..., Answered], kind: str
) -> None:
    facts = run(tmp_path, function)
    assert facts.sections["cpu"] == Unknown(reason=f"the probe returned {kind}, which is no cpu")


def test_what_is_absent_makes_what_needs_it_absent(tmp_path: Path) -> None:
    facts = run(tmp_path, no_container, scheduler)
    assert facts.sections["scheduler"] == Absent(looked=("there is no container",))


def test_what_is_unknown_makes_what_needs_it_unknown(tmp_path: Path) -> None:
    facts = run(tmp_path, unknown_container, scheduler)
    assert facts.sections["scheduler"] == Unknown(reason="needs container: not on sysroot")


def test_what_nobody_fills_is_unknown(tmp_path: Path) -> None:
    facts = run(tmp_path, scheduler)
    assert facts.sections["scheduler"] == Unknown(reason="needs container: not recorded")


@pytest.mark.parametrize(("other", "kind"), [(no_container, "Absent"), (unknown_container, "Unknown")])
def test_a_probe_that_accepts_absent_and_unknown_gets_them(
    tmp_path: Path, other: Callable[..., Answered], kind: str
) -> None:
    facts = run(tmp_path, other, tolerant_scheduler)
    assert facts.sections["scheduler"] == Scheduler(kind=kind, signs=("sysroot",))


def test_probes_that_need_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in a circle: container, scheduler"):
        run(tmp_path, circle_one, scheduler)


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    seen: list[Progress] = []
    probes = (probe_of(container), probe_of(scheduler))
    collect(SysrootHost(str(tmp_path)), probes, GIVEN, timeout_s=20, watch=seen.append)
    assert seen[0] == Progress(0, 2, ())
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


def test_a_module_that_could_not_be_loaded_is_an_unknown_section(tmp_path: Path) -> None:
    broken = (Broken("container", "SyntaxError: invalid syntax"),)
    facts = collect(SysrootHost(str(tmp_path)), (probe_of(scheduler),), GIVEN, timeout_s=20, broken=broken)
    reason = "the probe could not be loaded: SyntaxError: invalid syntax"
    assert facts.sections["container"] == Unknown(reason=reason)
    assert facts.sections["scheduler"] == Unknown(reason=f"needs container: {reason}")


def test_a_module_that_fails_to_import_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "probes_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "bad.py").write_text("import there_is_no_such_module\n")
    (folder / "empty.py").write_text("")
    (folder / "good.py").write_text(
        "from kdoctor.model.facts.cpu import Cpu\n"
        "from kdoctor.host import Host\n"
        "def probe(host: Host) -> Cpu:\n    return Cpu(model='', cores=1, flags=())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = find_probes(importlib.import_module("probes_of_a_test"))
    assert [probe.section for probe in found.items] == ["cpu"]
    assert [(module.module, module.reason.partition(":")[0]) for module in found.broken] == [
        ("bad", "ModuleNotFoundError"),
        ("empty", "AttributeError"),
    ]
