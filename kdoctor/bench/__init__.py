"""What measured training means: results from events, verdicts, comparisons. Pure functions; commands feed them."""
