"""Tests of the door to the machine."""
