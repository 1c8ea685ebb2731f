"""Starts the jail's first process before all else where one submission is to be graded.

Nothing is imported here that takes long itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autograder.sandbox.outside.start import drop, start_ahead


@contextmanager
def ahead(paths: Sequence[Path], jobs: int | None = None) -> Iterator[None]:
    """Start it if this process will need it, most likely; else end what was started in vain."""
    try:
        if jobs == 1 or _looks_like_one(paths):
            start_ahead()
        else:
            drop()
        yield
    finally:
        drop()


def _looks_like_one(paths: Sequence[Path]) -> bool:
    try:
        return len(paths) == 1 and (paths[0].is_file() or any(paths[0].glob("*/*.py")))
    except OSError:
        return False
