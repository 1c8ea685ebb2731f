"""Lets otter's test cells run the public checks of check.py, with the same messages."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))


class CheckFailed(Exception):
    """A check that does not pass, in words."""


def passes(assignment: str, name: str) -> None:
    """Run an assignment's public checks on transformer/ beside this file; tell one's verdict."""
    from autograder.student.progress import run_assignment
    from autograder.student.workspace import Workspace

    workspace = Workspace(HERE)
    found = workspace.assignment(assignment)
    if found is None:
        raise CheckFailed(f"assignments/{assignment} is missing: unpack the whole assignment here")
    finding = run_assignment(workspace, found).findings[name]
    if not finding.passed:
        words = finding.text("full", found.record.sections)
        raise CheckFailed(f"{finding.function}: {finding.title}\n{words}")
