"""`kdoctor envs`: every Python environment found, what is in it, and which of them could use an NVIDIA GPU.

Read from files alone, so that a machine with many environments is listed quickly and none of them is started.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kdoctor.check.collect import collect
from kdoctor.check.registry import Probe, find_probes
from kdoctor.commands.environments import interpreter_of, prefixes
from kdoctor.host import Asked, Runner, Unanswered
from kdoctor.host.live import LiveHost
from kdoctor.model.codec import to_builtins
from kdoctor.model.facts.base import Facts, Unknown
from kdoctor.model.facts.cuda_libraries import CudaLibraries
from kdoctor.model.facts.examined import Examined
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.keras import Keras
from kdoctor.model.redact import Redactor, clean, each_text
from kdoctor.render.text import visible

TIMEOUT_S = 20.0
WANTED = "cuda_libraries"
ALSO = ("keras", "frameworks", "interpreter")


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment; ``gpu``: yes, no or unknown, for the libraries alone (the driver is the machine's)."""

    prefix: str
    kind: str
    python: str
    keras: str
    frameworks: tuple[str, ...]
    gpu: str
    because: str


class FilesOnly(LiveHost):
    """The live machine without asking any interpreter."""

    def ask(
        self,
        question: str,
        *,
        runner: Runner,  # noqa: ARG002  nobody is asked
        timeout_s: float,  # noqa: ARG002  nobody is asked
        environ: Mapping[str, str] | None = None,  # noqa: ARG002  nobody is asked
    ) -> Asked:
        """Nothing is run."""
        return Unanswered(reason=f"{question} is not asked of a list of environments")


def envs(*, as_json: bool, redact: bool) -> str:
    """The list as text or JSON."""
    host = FilesOnly()
    probes = needed(find_probes().items)
    shared: dict[str, Unknown] = {"libcuda": Unknown(reason="not asked"), "nvml": Unknown(reason="not asked")}
    found = []
    for prefix in prefixes(host):
        examined = Examined(interpreter=interpreter_of(host, prefix), chosen_by="kdoctor envs")
        facts = collect(host, probes, {**shared, "examined": examined}, timeout_s=TIMEOUT_S)
        found.append(environment_of(prefix, facts))
    if not as_json:
        return as_text(found)
    plain = each_text({"schema": 1, "environments": to_builtins(found)}, clean)
    if redact:
        plain = each_text(plain, Redactor(user_name=host.user.name, host_name=host.user.host_name).text)
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def needed(probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
    """The probes that the list needs: those for its sections, and those that they need."""
    by_section = {probe.section: probe for probe in probes}
    todo, kept = [WANTED, *ALSO], {}
    while todo:
        name = todo.pop()
        if name in by_section and name not in kept and name not in ("libcuda", "nvml", "examined"):
            kept[name] = by_section[name]
            todo += [section for section, _ in by_section[name].needs.values()]
    return tuple(kept.values())


def environment_of(prefix: str, facts: Facts) -> Environment:
    """One line of the list."""
    interpreter = facts.sections.get("interpreter")
    keras = facts.sections.get("keras")
    frameworks = facts.sections.get("frameworks")
    libraries = facts.sections.get("cuda_libraries")
    builds = frameworks.builds if isinstance(frameworks, Frameworks) else ()
    gpu, because = verdict(builds, libraries if isinstance(libraries, CudaLibraries) else None)
    kind, python = "plain", ""
    if isinstance(interpreter, Interpreter):
        kind, python = interpreter.kind, str(interpreter.version or "?")
    return Environment(
        prefix=prefix,
        kind=kind,
        python=python,
        keras=keras.version or keras.tf_keras if isinstance(keras, Keras) else "",
        frameworks=tuple(build.title for build in builds),
        gpu=gpu,
        because=because,
    )


def verdict(builds: tuple[Build, ...], libraries: CudaLibraries | None) -> tuple[str, str]:
    """Whether the active framework's build and libraries would do, and why not."""
    if not builds:
        return "no", "no framework"
    build = builds[0]
    if build.gpu != "cuda":
        return ("no", f"{build.title} is a CPU build") if build.gpu == "none" else ("unknown", f"a {build.gpu} build")
    search = libraries.get(build.framework) if libraries else None
    if search is None:
        return "unknown", f"the libraries of {build.title} could not be followed"
    lost = [item.soname for item in search.libraries if item.state != "opens" and item.required]
    if lost:
        return "no", f"{lost[0]} does not open{f' ({len(lost)} in all)' if len(lost) > 1 else ''}"
    return "yes", f"{build.title} and its {len(search.libraries)} libraries"


def as_text(found: list[Environment]) -> str:
    """One block per environment: prefix, then what is in it."""
    if not found:
        return "No Python environment was found.\n"
    lines = []
    for item in found:
        content = ", ".join((*((f"Keras {item.keras}",) if item.keras else ()), *item.frameworks)) or "no framework"
        lines.append(visible(item.prefix))
        lines.append(f"    Python {item.python}, {item.kind}; {visible(content)}")
        lines.append(f"    GPU: {item.gpu} ({visible(item.because)})")
    count = sum(item.gpu == "yes" for item in found)
    lines.append(f"{len(found)} environments, {count} could use an NVIDIA GPU. Examine one: kdoctor check --env PREFIX")
    return "\n".join(lines) + "\n"
