"""Apple silicon: tensorflow-metal is not installed, or does not fit this TensorFlow.

What it means: TensorFlow uses Apple's GPU through a plug-in only. Apple's last one, tensorflow-metal 1.2.0, fits
TensorFlow 2.18 and 2.19 and has wheels up to Python 3.12.

Why it matters: without a plug-in TensorFlow trains on the CPU. With one that does not fit, importing TensorFlow stops
("Symbol not found", "Library not loaded", libmetal_plugin.dylib).

What to do: TensorFlow 2.19 with tensorflow-metal; or PyTorch as Keras's backend, which uses the GPU (mps) by itself.
"""

from kdoctor.advice import pip
from kdoctor.knowledge import vendors
from kdoctor.model.facts.distributions import Distribution, Distributions, parse_release
from kdoctor.model.facts.frameworks import Build, Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Severity, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD316",
        cause="apple-metal-plugin",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(
            Source(
                "tensorflow/tensorflow#81987 #84167 #126360 #126384; keras 3.15.1 backend/torch/core.py", "2026-11-22"
            ),
        ),
    )
)
def apple_metal_plugin(
    system: System, frameworks: Frameworks, distributions: Distributions, interpreter: Interpreter
) -> Verdict:
    """TensorFlow in use on Apple silicon, and the plug-in beside it."""
    if system.os != "darwin" or system.machine not in ("arm64", "aarch64"):
        return NotApplicable("this is not a Mac with Apple silicon")
    build = frameworks.get("tensorflow")
    if build is None or not build.active:
        return NotApplicable("TensorFlow is not in use")
    facts = vendors.table().metal_plugin
    other = next((found for name in facts.others if (found := distributions.get(name))), None)
    plugin = distributions.get(facts.distribution)
    if plugin is None:
        return Clear(f"{other.name} {other.version}") if other else _found(build, None, interpreter)
    release, tensorflow = plugin.release, parse_release(build.version)
    limit = vendors.metal_limit(release) if release else None
    if tensorflow is None or limit is None:
        return Undetermined(f"whether {plugin.name} {plugin.version} fits {build.title} is not in the tables")
    if tensorflow < limit:
        return Clear(f"{plugin.name} {plugin.version} with {build.title}")
    return _found(build, plugin, interpreter)


def _found(build: Build, plugin: Distribution | None, interpreter: Interpreter) -> Found:
    facts = vendors.table().metal_plugin
    newest, python = facts.newest_tensorflow, interpreter.version
    severity: Severity = "error" if plugin else "warning"
    what = f"{facts.distribution} is not installed; {build.title} uses Apple's GPU only through it."
    why = "TensorFlow then trains on the CPU."
    if plugin is not None:
        what = f"{plugin.name} {plugin.version} does not load in {build.title}."
        why = "Importing TensorFlow stops: the plug-in is linked against the C++ interface of an older TensorFlow."
    commands: tuple[str, ...] = (pip(interpreter, "install", f"tensorflow=={newest}.*", f"{facts.distribution}>=1.2"),)
    text = f"Use TensorFlow {newest} with it; or PyTorch as Keras's backend, which uses this GPU by itself."
    if python is not None and python.parts[:2] > facts.newest_python.parts[:2]:
        text = f"It has no wheel for Python {python.short} (newest: {facts.newest_python}): use PyTorch as the backend."
        commands = (pip(interpreter, "install", "torch"), "export KERAS_BACKEND=torch")
    return Found(
        what=what,
        why=why,
        remedy=Remedy(text=text, commands=commands, safety="changes-environment"),
        evidence=(
            Evidence("tensorflow", build.version, build.directory),
            Evidence(
                facts.distribution,
                plugin.version if plugin else "not installed",
                plugin.location if plugin else ", ".join(interpreter.sys_path[-1:]),
            ),
        ),
        severity=severity,
    )
