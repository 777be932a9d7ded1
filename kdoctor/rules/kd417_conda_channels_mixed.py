"""The framework and its CUDA libraries are from different conda channels.

What it means: one of them is from Anaconda's defaults, the other from conda-forge (or NVIDIA's own channel), as happens
without strict channel priority. The channels build their packages with different compilers and pins. PyTorch's own
channel is made for use with others, and not meant here.

Why it matters: often it works; else imports fail at a missing symbol, or the next update can not be solved. It is the
first thing to put right where libraries of this environment do not load.

What to do: take both from one channel, with strict channel priority.
"""

from kdoctor.advice import quoted
from kdoctor.model.facts.conda import Conda, CondaPackage
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule

FRAMEWORKS = ("tensorflow-base", "tensorflow", "jaxlib", "pytorch")
LIBRARIES = ("cudatoolkit", "cudnn", "cuda-cudart", "cuda-runtime", "libcublas")
OF_ANACONDA = ("pkgs/", "defaults", "anaconda")
SEPARATE = ("defaults", "conda-forge")


@rule(
    Declared(
        id="KD417",
        cause="",
        layer="cuda-libraries",
        severity="note",
        since="0.1.0",
        sources=(Source("conda.toml, channels: mixing conda-forge, defaults and nvidia", "2026-11-21"),),
    )
)
def conda_channels_mixed(conda: Conda, interpreter: Interpreter) -> Verdict:
    """The channel of each framework's record beside those of the CUDA libraries."""
    if not conda.prefix:
        return NotApplicable("the examined environment is not conda's")
    frameworks = [found for name in FRAMEWORKS if (found := conda.get(name)) is not None]
    libraries = [found for name in LIBRARIES if (found := conda.get(name)) is not None]
    if not frameworks or not libraries:
        return NotApplicable("no framework with CUDA libraries from conda")
    if any(not package.channel for package in (*frameworks, *libraries)):
        return Undetermined("the channel of a package is not recorded")
    for framework in (item for item in frameworks if family(item) in SEPARATE):
        other = next((item for item in libraries if family(item) != family(framework)), None)
        if other is not None:
            return _found(framework, other, interpreter)
    return Clear(f"the framework is from {family(frameworks[0])}, with libraries that belong to it")


def family(package: CondaPackage) -> str:
    """The channel, with those of Anaconda's defaults under one name."""
    name = package.channel.partition("/")[0]
    return "defaults" if package.channel.startswith(OF_ANACONDA) else name


def _found(framework: CondaPackage, other: CondaPackage, interpreter: Interpreter) -> Found:
    channel = family(framework)
    install = f"conda install -p {quoted(interpreter.prefix)} --override-channels -c {channel}"
    return Found(
        what=f"{framework.name} is from {channel}, {other.name} from {family(other)}."[:100],
        why="The channels build with different compilers and pins. Often it works; where not, mend this first.",
        remedy=Remedy(
            text="Take both from one channel.",
            commands=(
                f"{install} {framework.name} {other.name}",
                "conda config --set channel_priority strict",
            ),
            safety="changes-environment",
        ),
        evidence=tuple(
            Evidence(item.name, f"{item.version} {item.build}", f"conda-meta, channel {item.channel}")
            for item in (framework, other)
        ),
        confidence="possible",
    )
