"""What our site asks of a machine that trains."""
