"""Hints: three steps a function, from a nudge to nearly the formula, one more each time."""

from __future__ import annotations

import json
from pathlib import Path

STATE = ".check_state.json"


class State:
    """What check.py remembers between runs. Losing it costs nothing."""

    def __init__(self, root: Path) -> None:
        self.path = root / STATE
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            self.shown = {str(k): int(v) for k, v in stored["hints"].items()}
            self.first_run = False
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            self.shown = {}
            self.first_run = True

    def next_hint(self, function: str, hints: tuple[str, ...]) -> list[str]:
        """The lines to show: all hints up to the next one of this function."""
        if not hints:
            return [f"There is no hint for {function}."]
        count = min(self.shown.get(function, 0) + 1, len(hints))
        self.shown[function] = count
        lines = [f"Hint {k + 1} of {len(hints)}: {hint}" for k, hint in enumerate(hints[:count])]
        if count == len(hints):
            lines.append("That was the last one. The handout derives the rest.")
        return lines

    def save(self) -> None:
        """Remember for the next run; a read-only folder is no error."""
        try:
            self.path.write_text(json.dumps({"hints": self.shown}) + "\n", encoding="utf-8")
        except OSError:
            return
