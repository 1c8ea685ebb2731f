"""Declare a check, draw its inputs, compare, diagnose, judge. Needs NumPy only."""

from autograder.checker.bank import Misconception, easier, misconception
from autograder.checker.bounds import at_least, at_most, within
from autograder.checker.declare import Check, check, error_of

__all__ = [
    "Check",
    "Misconception",
    "at_least",
    "at_most",
    "check",
    "easier",
    "error_of",
    "misconception",
    "within",
]
