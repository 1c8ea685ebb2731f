"""The bank: wrong answers by somebody who does not know which slips the grader knows."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.explained.cases.case import Case

FILES = sorted(Path(__file__).parent.glob("c[0-9][0-9].py"))
HELD_OUT = sorted(Path(__file__).parent.glob("fresh_[a-z].py"))


def bank() -> dict[str, tuple[Case, ...]]:
    """All cases by the number of their assignment."""
    return {
        path.stem[1:]: tuple(importlib.import_module(f"{__name__}.{path.stem}").CASES)
        for path in FILES
    }


def fresh() -> dict[str, tuple[Case, ...]]:
    """A second bank, held out: nobody has tuned the grader to these."""
    found: dict[str, tuple[Case, ...]] = {}
    for path in HELD_OUT:
        found |= importlib.import_module(f"{__name__}.{path.stem}").FRESH
    return found
