"""Scripts that the examined interpreter runs: what can be tested without a framework."""
