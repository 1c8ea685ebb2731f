"""A right function, as a textbook has it, with a wrong place put into it."""

from __future__ import annotations


def slipped(code: str, *changes: tuple[str, str]) -> str:
    """The code with every first text replaced by its second; each first one stands there once."""
    for right, wrong in changes:
        if code.count(right) != 1:
            raise ValueError(f"{right!r} stands {code.count(right)} times in {code!r}")
        code = code.replace(right, wrong)
    return code
