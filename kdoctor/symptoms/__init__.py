"""Read log text: bytes to lines, lines to signatures and stated versions; functions of what they are given."""
