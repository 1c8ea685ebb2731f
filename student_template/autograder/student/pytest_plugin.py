"""Plain `pytest` in the student's folder: the same checks, verdicts and messages as check.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.checker.finding import Finding
from autograder.student.progress import GREY, Progress, run_assignment
from autograder.student.record import FILE_NAME
from autograder.student.workspace import Workspace

FILE = "test_public.py"


class CheckFailed(Exception):
    """A check that does not pass."""


class CheckItem(pytest.Item):
    """One check."""

    finding: Finding
    sections: Any

    def runtest(self) -> None:
        """Tell the verdict that the file's one run found."""
        if self.finding.verdict in GREY:
            pytest.skip(self.finding.symptom or self.finding.details or "not implemented yet")
        if not self.finding.passed:
            raise CheckFailed(self.finding.text("full", self.sections))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The message alone: no stack of ours."""
        if isinstance(excinfo.value, CheckFailed):
            return f"{self.finding.function}: {self.finding.title}\n{excinfo.value}"
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where pytest says that the test is."""
        return self.path, 0, f"{self.finding.function}: {self.finding.title}"


class CheckFile(pytest.Module):
    """An assignment's test_public.py."""

    def collect(self) -> Iterator[CheckItem]:
        """Run the assignment's checks once, as check.py does, and give an item for each."""
        workspace = Workspace(self.path.parent.parent.parent)
        assignment = workspace.assignment(self.path.parent.name)
        assert assignment is not None
        progress: Progress = run_assignment(workspace, assignment)
        for name, finding in progress.findings.items():
            item = CheckItem.from_parent(self, name=name)
            item.finding, item.sections = finding, assignment.record.sections
            yield item


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> Any:
    """Collect the checks of an assignment; any other test file is pytest's own business."""
    if module_path.name == FILE and (module_path.parent / FILE_NAME).is_file():
        return CheckFile.from_parent(parent, path=module_path)
    return None
