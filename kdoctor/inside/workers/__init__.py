"""Several workers that train together, each in its own process, on one machine or on many."""
