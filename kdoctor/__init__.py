"""kdoctor finds out why Keras does not see or use the GPU well."""

__version__ = "0.1.0"
