"""Tests of the jail and of what talks across its walls."""
