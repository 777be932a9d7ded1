"""Files that make an environment: read without executing anything, and judged by the knowledge tables."""
