"""Doors to the tools that a school already uses."""
