"""A report for an issue: a few lines that say what is there and what is wrong; the whole as folded Markdown on demand.

Everything is redacted, and stands in blocks of code, so that nothing read from a machine is Markdown or HTML.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from kdoctor.host import User
from kdoctor.model.facts.container import Container
from kdoctor.model.facts.cuda_libraries import CudaLibraries, Library
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.wsl import Wsl
from kdoctor.model.redact import Redactor
from kdoctor.model.report import Report
from kdoctor.render.json import render as json_of
from kdoctor.render.marked import block
from kdoctor.render.overview import overview
from kdoctor.render.text import plain, summary, visible

Redact: TypeAlias = Callable[[str], str]
COLUMNS = 100
LABEL = 13
MOST_LINES = 15
RUNTIMES = (("CUDA runtime", "libcudart"), ("cuDNN", "libcudnn"))
FRAMEWORKS = ("TensorFlow", "JAX", "PyTorch")
FENCES = 2
LONGEST = 60_000  # GitHub takes 65,536 characters in an issue


def short(report: Report, command: str, user: User) -> str:
    """At most 15 lines of at most 100 columns; ``command``: what was typed."""
    redact = Redactor(user_name=user.name, host_name=user.host_name).cleaned
    rows = [("kdoctor", f"{report.kdoctor}, `{command}`"), *_machine(report), *_runtimes(report, redact)]
    said = [_line("" if number else "finding", text) for number, text in enumerate(_verdict(report, redact))]
    lines = [_line(label, redact(value)) for label, value in rows][: MOST_LINES - FENCES - len(said)]
    return "\n".join(block((*lines, *said), "text")) + "\n"


def full(report: Report, command: str, user: User) -> str:
    """The same, and folded below it all that is known."""
    redact = Redactor(user_name=user.name, host_name=user.host_name).cleaned
    parts = [
        (f"Findings: {summary(report)}", plain(report, width=COLUMNS, verbosity=1).splitlines(), "text"),
        ("Libraries", list(_libraries(report, redact)), "text"),
        ("Environment variables", list(_variables(report)), "text"),
        ("Facts", json_of(report.facts, redact_for=user).splitlines(), "json"),
    ]
    text = short(report, command, user)
    for title, lines, language in parts:
        if lines:
            inside = "\n".join(block((redact(line) for line in lines), language))
            if len(text) + len(inside) > LONGEST:
                inside = (
                    f"Left out, as it is {len(inside) >> 10} KiB: attach a file with `kdoctor check --format json`."
                )
            text += f"\n<details><summary>{title}</summary>\n\n{inside}\n\n</details>\n"
    return text


def _line(label: str, value: str) -> str:
    """Cut in the middle, as a path tells most at its ends."""
    text = visible(value)
    room = COLUMNS - LABEL
    if len(text) > room:
        text = f"{text[: room // 2 - 2]}...{text[-(room // 2 - 2) :]}"
    return f"{label:<{LABEL}}{text}".rstrip()


def _machine(report: Report) -> Iterator[tuple[str, str]]:
    """The overview, one line for each label, and all frameworks in one."""
    rows: dict[str, list[str]] = {}
    last = ""
    for label, value in overview(report.facts):
        last = label or last
        name, told = ("frameworks", f"{last} {value}") if last in FRAMEWORKS else (last, value)
        rows.setdefault(name, []).append(told.partition(" (chosen by ")[0] if name == "examined" else told)
        if name == "system":
            rows[name] += _around(report)
    yield from ((name, "; ".join(values)) for name, values in rows.items())


def _runtimes(report: Report, redact: Redact) -> Iterator[tuple[str, str]]:
    """The CUDA runtime and the cuDNN that the frameworks would open."""
    section = report.facts.sections.get("cuda_libraries")
    searches = section.searches if isinstance(section, CudaLibraries) else ()
    for name, stem in RUNTIMES:
        libraries = [search.get(stem) for search in searches]
        found = dict.fromkeys(_found(library, redact, COLUMNS - LABEL) for library in libraries if library)
        if found:
            yield name, "; ".join(found)


def _around(report: Report) -> Iterator[str]:
    """What the system runs in."""
    container, wsl = (report.facts.sections.get(name) for name in ("container", "wsl"))
    if isinstance(container, Container):
        yield f"in a container ({container.kind})"
    if isinstance(wsl, Wsl):
        yield f"in WSL {wsl.version}"


def _found(library: Library, redact: Redact, room: int = 0) -> str:
    """Version and place; of a long place the end, where there is not much room: redacted before it is cut."""
    if library.state == "missing":
        return f"{library.soname} not found"
    head = f"{library.soname} {library.version}".rstrip() + f", {library.source}, "
    if library.state == "broken":
        return f"{head}broken: {library.why_not}"
    folder = redact((library.realpath or library.path).rpartition("/")[0])
    cut = len(head) + len(folder) - room if room else 0
    return head + (f"...{folder[cut + 3 :]}" if cut > 0 else folder)


def _verdict(report: Report, redact: Redact) -> Iterator[str]:
    """The primary finding in up to three lines."""
    primary = report.primary
    if primary is None:
        yield summary(report)
        return
    unsure = "" if primary.confidence == "certain" else f", {primary.confidence}"
    yield f"{primary.severity}{unsure} {primary.id} {primary.name} (of {summary(report).rstrip('.')})"
    yield from textwrap.wrap(visible(redact(primary.what)), COLUMNS - LABEL)[:2]


def _libraries(report: Report, redact: Redact) -> Iterator[str]:
    """For each framework, what it opens and where that was found."""
    section = report.facts.sections.get("cuda_libraries")
    if isinstance(section, CudaLibraries):
        for search in section.searches:
            yield f"{search.framework}, through {search.caller}"
            for library in (*search.libraries, *search.linked):
                via = f" ({library.found_via})" if library.found_via else ""
                yield f"  {_found(library, redact)}{via}"


def _variables(report: Report) -> Iterable[str]:
    section = report.facts.sections.get("environ")
    return (
        [f"{name}={value}" for name, value in sorted(section.variables.items())] if isinstance(section, Environ) else []
    )
