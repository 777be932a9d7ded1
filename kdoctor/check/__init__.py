"""From a Host to a Report: collect facts, judge them by every rule, rank what was found."""
