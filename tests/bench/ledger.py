"""Accounts for CPU time by wrapping functions while a profile runs: each second is booked once."""

from __future__ import annotations

import functools
import importlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Accounts:
    """CPU seconds of this process by title. What no wrapped function did is booked under `rest`."""

    def __init__(self, rest: str) -> None:
        self.seconds: Counter[str] = Counter()
        self._open = [rest]
        self._since = time.process_time()

    def turn(self) -> None:
        """Book what has been spent since the last turn on what is being done."""
        now = time.process_time()
        self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def reset(self) -> None:
        self.turn()
        self.seconds.clear()

    def booked(self, title: str, whole: bool, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function whose time is booked. With `whole`, that of wrapped ones below it too."""

        @functools.wraps(function)
        def wrapper(*arguments: Any, **named: Any) -> Any:
            inside = self._open[-1]
            if inside.startswith("="):
                return function(*arguments, **named)
            self.turn()
            self._open.append(f"={title}" if whole else title)
            try:
                found = function(*arguments, **named)
                return iter(list(found)) if isinstance(found, Iterator) else found
            finally:
                self.turn()
                self._open.pop()

        return wrapper

    def totals(self) -> Counter[str]:
        """By title, up to now."""
        self.turn()
        found: Counter[str] = Counter()
        for title, seconds in self.seconds.items():
            found[title.removeprefix("=")] += seconds
        return found


def resolve(place: str) -> tuple[Any, str]:
    """What holds a function that is named as `module:Class.function`, and its name there."""
    module, _, names = place.partition(":")
    holder: Any = importlib.import_module(module)
    *outer, name = names.split(".")
    for one in outer:
        holder = getattr(holder, one)
    if not callable(getattr(holder, name)):
        raise TypeError(f"{place} is no function")
    return holder, name


@contextmanager
def laid_over(changes: Mapping[str, Callable[[Any], Any]]) -> Iterator[None]:
    """Replace functions, by the places where they are looked up, and put them back."""
    kept = []
    try:
        for place, change in changes.items():
            holder, name = resolve(place)
            own = vars(holder).get(name)
            kept.append((holder, name, own))
            setattr(holder, name, change(getattr(holder, name)))
        yield
    finally:
        for holder, name, own in reversed(kept):
            setattr(holder, name, own)
