"""A transformer in pure NumPy: every layer forward and backward, one concept a file."""
