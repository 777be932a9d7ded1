"""The Microsoft Visual C++ runtime is missing.

What it means: TensorFlow and PyTorch for Windows are linked with msvcp140.dll and msvcp140_1.dll, which neither Windows
nor Python brings. They were found neither beside the interpreter nor in the system's folder.

Why it matters: the import stops with "DLL load failed" or "Could not find the DLL(s) 'msvcp140_1.dll'".

What to do: install Microsoft's Visual C++ Redistributable for x64.
"""

from kdoctor.knowledge import vendors
from kdoctor.model.facts.base import Absent
from kdoctor.model.facts.frameworks import Frameworks
from kdoctor.model.facts.windows import Windows
from kdoctor.model.finding import Clear, Evidence, Found, NotApplicable, Remedy, Verdict
from kdoctor.model.rule import Declared, Source, rule


@rule(
    Declared(
        id="KD317",
        cause="msvc-runtime-missing",
        layer="python-stack",
        severity="error",
        since="0.1.0",
        sources=(Source("tensorflow/python/platform/self_check.py; pytorch/pytorch#126507 #65214", "2026-11-22"),),
    )
)
def msvc_runtime_missing(windows: Windows, frameworks: Frameworks | Absent) -> Verdict:
    """The DLLs of the table, looked for where Windows does for an extension module."""
    linked = [
        build for build in (frameworks.builds if isinstance(frameworks, Frameworks) else ()) if build.framework != "jax"
    ]
    if not linked:
        return NotApplicable("neither TensorFlow nor PyTorch is installed")
    if not windows.missing:
        return Clear(f"{', '.join(vendors.table().runtime.dlls)} are there")
    installer = vendors.table().runtime.installer
    return Found(
        what=f"The Visual C++ runtime is missing: {', '.join(windows.missing)}.",
        why=f"{linked[0].title} is linked with it; the import stops with DLL load failed.",
        remedy=Remedy(
            text=f"Install Microsoft's Visual C++ Redistributable ({installer}), then start a new shell.",
            commands=("winget install --id Microsoft.VCRedist.2015+.x64",),
            safety="needs-root",
        ),
        evidence=tuple(Evidence(name, "not found", "; ".join(windows.looked)) for name in windows.missing),
        confidence="likely",
        severity=None if linked[0].active else "warning",
    )
