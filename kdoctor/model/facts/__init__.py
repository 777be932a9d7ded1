"""The fact sections, one module each; ``base`` holds what they share."""
