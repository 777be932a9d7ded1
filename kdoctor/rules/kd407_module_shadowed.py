"""A file of yours has the name of a module and is imported instead of it.

What it means: Python looks first in the directory of the script, then in PYTHONPATH, then in the installed packages. A
file tensorflow.py, keras.py, random.py or code.py there wins over the real module.

Why it matters: "module 'tensorflow' has no attribute ...", "'tensorflow' is not a package", or errors far from the
cause when a module of the standard library is hidden.

What to do: rename the file, and remove its __pycache__.
"""

from kdoctor.advice import quoted, shortened
from kdoctor.model.facts.modules import Modules
from kdoctor.model.finding import Clear, Evidence, Found, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule

FRAMEWORKS = ("tensorflow", "keras", "tf_keras", "jax", "jaxlib", "torch", "numpy", "h5py", "ml_dtypes")

WHEN = {True: "", False: " when a script of it, `python -c`, `python -m` or a notebook runs there"}


@rule(
    Declared(
        id="KD407",
        cause="module-shadowed",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("Python documentation: the module search path", "2026-11-21"),),
        explains=("corrupted-install",),
    )
)
def module_shadowed(modules: Modules) -> Verdict:
    """The first file that hides a framework, else one that hides the standard library."""
    if not modules.shadows:
        return Clear("no file in the current directory or in PYTHONPATH hides a module")
    ranked = sorted(modules.shadows, key=lambda shadow: shadow.module not in FRAMEWORKS)
    first = ranked[0]
    sure = first.found_via == "$PYTHONPATH"
    framework = first.module in FRAMEWORKS
    path = first.path.removesuffix("/__init__.py")
    new = f"{path.removesuffix('.py')}_renamed{'.py' if path.endswith('.py') else ''}"
    return Found(
        what=f"{shortened(first.path, 50)} would be imported as {first.module}.",
        why=f"It is in {first.found_via}, which Python searches before the installed packages{WHEN[sure]}.",
        remedy=Remedy(
            text="Rename it, or start Python from another directory.",
            commands=(f"mv {quoted(path)} {quoted(new)}",),
        ),
        evidence=tuple(Evidence(shadow.module, shadow.path, shadow.found_via) for shadow in ranked[:6]),
        severity="error" if framework else "warning",
        confidence="certain" if sure and framework else "likely" if sure or framework else "possible",
    )
