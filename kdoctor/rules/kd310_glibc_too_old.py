"""The distribution's C or C++ library is older than the framework needs.

What it means: the wheel was linked against symbols of a newer glibc or libstdc++ (GLIBC_2.27, GLIBCXX_3.4.22, ...)
than this system provides.

Why it matters: importing the framework stops with "version `GLIBC_2.27' not found".

What to do: use a newer distribution or container, conda (which brings its own libstdc++), or an older release. glibc
itself cannot be replaced safely.
"""

from kdoctor.knowledge import tensorflow as table
from kdoctor.model.facts.interpreter import Interpreter
from kdoctor.model.facts.system import System
from kdoctor.model.facts.tensorflow import Tensorflow
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Undetermined, Verdict
from kdoctor.model.rule import Declared, Source, rule
from kdoctor.model.version import SymbolVersion


@rule(
    Declared(
        id="KD310",
        cause="glibc-too-old",
        layer="framework-build",
        severity="error",
        since="0.1.0",
        sources=(Source("GLIBC and GLIBCXX symbol versions read from the wheels 1.13.2 to 2.22rc0", "2026-11-21"),),
        explains=("cuda-lib-missing", "cpu-only-build-installed"),
    )
)
def glibc_too_old(system: System, tensorflow: Tensorflow, interpreter: Interpreter) -> Verdict:
    """The wheel's needs by the table, against what the system's libraries provide; conda has its own libstdc++."""
    if system.os != "linux" or system.machine != "x86_64" or tensorflow.conda_build:
        return NotApplicable("only Linux wheels for x86-64 are judged")
    if system.libc == "musl":
        return NotApplicable("this is musl; glibc wheels do not install here")
    row = table.wheel_of(tensorflow.version)
    if row is None or system.glibc is None:
        return Undetermined("the wheel is not in the tables" if row is None else "glibc's version is not known")
    needs: tuple[tuple[str, SymbolVersion | None, SymbolVersion | None], ...] = (
        ("GLIBC", row.min_glibc, system.glibc),
        ("GLIBCXX", row.min_glibcxx, None if interpreter.kind in ("conda", "pixi") else system.glibcxx),
    )
    for name, needed, present in needs:
        if needed is not None and present is not None and present < needed:
            library = "glibc" if name == "GLIBC" else "libstdc++"
            return Found(
                what=f"TensorFlow {tensorflow.version} needs {name}_{needed}; this {library} ends at {name}_{present}.",
                why=f"Importing it stops with: version `{name}_{needed}' not found.",
                remedy=Remedy(
                    text="Use a newer distribution or container, an environment from conda-forge, or an older release.",
                    commands=("conda create -n keras-gpu -c conda-forge 'tensorflow=*=cuda*'",),
                ),
                evidence=(
                    Evidence(f"{name} needed", str(needed), "read from the wheel"),
                    Evidence(f"{name} here", str(present), f"{library} of {system.distribution}"),
                ),
            )
    return Clear(f"glibc {system.glibc}, the wheel needs {row.min_glibc}")
