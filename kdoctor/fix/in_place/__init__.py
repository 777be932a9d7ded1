"""The remedy of one finding, done in the examined environment: one module for each kind of change."""
