"""protobuf is too new (or too old) for this TensorFlow's generated code.

What it means: each TensorFlow accepts a range of protobuf; another package has moved it out of that range. protobuf
4 refuses code generated before 3.20, protobuf 5 and newer refuse what is older still.

Why it matters: importing stops with "Descriptors cannot be created directly", "cannot import name 'runtime_version'"
or "'MessageFactory' object has no attribute 'GetPrototype'".

What to do: install a protobuf of the range that TensorFlow's metadata gives.
"""

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from kdoctor.advice import pip
from kdoctor.knowledge import tensorflow as table
from kdoctor.knowledge.tensorflow_rows import Break
from kdoctor.model.facts.distributions import Distribution, Distributions
from kdoctor.model.facts.environ import Environ
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD405",
        cause="protobuf-mismatch",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("metadata of every TensorFlow patch release; 2.18.1 with protobuf 7 (own run)", "2026-11-21"),),
    )
)
def protobuf_mismatch(
    tensorflow: Tensorflow,
    distributions: Distributions,
    interpreter: Interpreter,
    frameworks: Frameworks,
    environ: Environ,
) -> Verdict:
    """protobuf against the range of exactly this patch release."""
    protobuf = distributions.get("protobuf")
    if protobuf is None:
        return NotApplicable("protobuf is not installed")
    release = tensorflow.release
    if tensorflow.conda_build or (release is not None and release.local is not None):
        return NotApplicable("conda's and vendors' builds choose their protobuf themselves")
    if release is None or protobuf.release is None:
        return Undetermined("a version cannot be compared")
    if environ.variables.get("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION") == "python":
        return NotApplicable("protobuf's Python implementation is asked for, which takes older code")
    row = table.release_of(release)
    text = table.pins_of(release).get("protobuf", "") or (row.protobuf if row else "")
    try:
        wanted = SpecifierSet(text.partition(" ;")[0])
    except InvalidSpecifier:
        return Undetermined(f"the range {text!r} cannot be read")
    broken = table.broken_by("protobuf", protobuf.release, release)
    if broken is None and (not text or wanted.contains(protobuf.release, prereleases=True)):
        return Clear(f"protobuf {protobuf.version} is in the range {text or 'any'}")
    build = frameworks.get("tensorflow")
    return _found(tensorflow, protobuf, wanted, broken, interpreter, weak=build is not None and not build.active)


def _found(
    tensorflow: Tensorflow,
    protobuf: Distribution,
    wanted: SpecifierSet,
    broken: Break | None,
    interpreter: Interpreter,
    *,
    weak: bool,
) -> Found:
    fatal = broken is not None or (protobuf.release or Version("0")) < min_of(wanted)
    needed = f"protobuf<{broken.first_bad}" if broken is not None else f"protobuf{wanted}"
    return Found(
        what=f"protobuf {protobuf.version} is installed; TensorFlow {tensorflow.version} needs {needed}.",
        why=f"This TensorFlow {broken.effect}; importing it stops." if broken else EFFECTS[fatal],
        remedy=Remedy(
            text="Install a protobuf of that range.",
            commands=(pip(interpreter, "install", needed),),
            safety="changes-environment",
        ),
        evidence=(
            Evidence("protobuf", protobuf.version, protobuf.location),
            Evidence("range", needed, f"metadata of TensorFlow {tensorflow.version}"),
        ),
        severity="warning" if weak or not fatal else None,
        confidence="certain" if fatal else "likely",
    )


EFFECTS = {
    True: "TensorFlow's generated code is newer than the protobuf library: importing it fails.",
    False: "TensorFlow was released for older ones: it may print errors at import, or fail.",
}


def min_of(wanted: SpecifierSet) -> Version:
    """The lower bound of a range, 0 without one."""
    return max((Version(item.version) for item in wanted if item.operator in (">=", ">", "~=")), default=Version("0"))
