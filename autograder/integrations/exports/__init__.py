"""Grades in the forms that learning platforms and other tools read: pure functions of a sheet."""
