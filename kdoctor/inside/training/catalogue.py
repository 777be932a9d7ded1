"""The workloads: every module of the package `workloads` that has layers. A workload is added by adding a file."""

import importlib
import pkgutil


def find():
    """The modules by name, with hyphens."""
    import workloads

    found = {}
    for _, name, _ in pkgutil.iter_modules(workloads.__path__):
        if name.startswith("_"):
            continue
        module = importlib.import_module("workloads." + name)
        if hasattr(module, "layers"):
            found[name.replace("_", "-")] = module
    return found
