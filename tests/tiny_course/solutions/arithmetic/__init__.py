"""Arithmetic for a course of two afternoons."""
