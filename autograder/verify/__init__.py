"""Prove an assignment's checks: what is right passes, what is wrong fails and is named."""
