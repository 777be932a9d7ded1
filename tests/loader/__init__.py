"""Tests of the loader's simulation, most of them against the real one."""
