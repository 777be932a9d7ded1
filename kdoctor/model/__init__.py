"""Frozen types that the rest of kdoctor speaks in; imports nothing else of kdoctor."""
