"""Declare a check, draw its inputs, compare, diagnose, judge. NumPy and the standard library only."""
