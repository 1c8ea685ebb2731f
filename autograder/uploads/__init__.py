"""What was handed in, as files that may be read."""
