"""Explains wrong answers by steps: textbook code, and the ways in which each step goes wrong."""
