"""kdoctor finds out why Keras does not see or use the GPU well."""

__version__ = "0.1.0"


def load_ipython_extension(shell):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201  see kdoctor.notebook
    """Answer `%load_ext kdoctor`: the magics `%kdoctor` and `%%kdoctor`."""
    from kdoctor.notebook import load  # noqa: PLC0415  nothing of it at any other start

    load(shell)
