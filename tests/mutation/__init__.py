"""Healthy machines, broken on purpose: does kdoctor name what was broken?

To add a fault: a function with ``@fault`` in a module of ``faults/``, one module for each layer; it changes the machine
or raises UnfitError where it cannot exist. Where it outranks faults of another layer, a row in ``order.toml``. Any
machine with ``healthy = true`` takes part.
"""
