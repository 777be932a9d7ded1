"""Builders of events, runs and documents of training."""
