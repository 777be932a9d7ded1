"""What kdoctor knows about releases, drivers, libraries, GPUs and log lines: sourced tables, typed loaders.

One module per table; nothing is parsed before the first question. Imports only ``kdoctor.model``.
"""
