"""The faults: one module for each layer, one function for each fault. A new file or function needs no list."""
