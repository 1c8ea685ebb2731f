"""What a release writes, from the committed template: for tests that are about what follows.

To find the changes of steps that are recorded is most of what a release costs.
`release/test_template.py` does so once, for all assignments, and compares with what is committed;
every other test of what is released may take them from there.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from autograder.explain.steps import Steps
from autograder.release.answers import Answers
from autograder.student.record import Record
from tests.desk import ROOT

TEMPLATE = ROOT / "student_template"


def committed_template(folder: Path) -> Path:
    """The whole template in a folder that is not there yet, as a release writes it."""
    leave = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(TEMPLATE, folder, ignore=leave)
    return folder


@cache
def _records() -> dict[frozenset[tuple[str, str]], Record]:
    """The committed records, by what their checks are called and how they read."""
    records = map(Record.load, sorted((TEMPLATE / "assignments").iterdir()))
    return {
        frozenset((name, entry["source"]) for name, entry in one.checks.items()): one
        for one in records
    }


@contextmanager
def changes_as_committed() -> Iterator[None]:
    """Releases of the course record the committed changes; those of other courses find their own.

    A check that is not as it was when the template was made has no record: its changes are found.
    """
    found = Answers.changes

    def changes(self: Answers, steps: Mapping[str, Steps], room: int) -> dict[str, list[Any]]:
        known = _records().get(frozenset((one.name, one.source_digest) for one in self.checks))
        if known is None:
            return found(self, steps, room)
        return {name: list(recorded) for name, recorded in known.changes.items()}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Answers, "changes", changes)
        yield
