"""An autograder for courses in which students write a library function by function."""

__version__ = "0.1.0"  # pyproject.toml says the same; a test compares them
