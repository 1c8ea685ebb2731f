"""`%load_ext autograder.student.notebook`: the public checks inside a lab notebook.

It gives a notebook `check("layernorm")`, with the words of check.py, and the cell magic `%%needs`,
which lets a cell wait quietly until the functions that it uses are written.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.checker.finding import wrap
from autograder.student import render
from autograder.student.progress import GREY, Progress, run_assignment
from autograder.student.record import Exercise, StaleRecordError
from autograder.student.workspace import Assignment, Workspace

ROOT = Path(__file__).resolve().parents[2]


class Lab:
    """What a notebook can ask for."""

    def __init__(self, root: Path, shell: Any) -> None:
        self.root, self.shell = root, shell

    def check(self, function: str, points: float | None = None) -> float | None:
        """Run the public checks of one function and print what check.py would say of it.

        With `points`, the share of them that the public checks would give is returned.
        """
        workspace = Workspace(self.root)
        found = exercise_of(workspace, function)
        if found is None:
            print(f"There is no function {function} in the assignments here.")
            return None if points is None else 0.0
        assignment, exercise = found
        try:
            with own_modules_kept(assignment.record.contract.package):
                progress = run_assignment(workspace, assignment)
        except StaleRecordError as error:
            print(error)
            return None if points is None else 0.0
        render.say(report(progress, exercise, workspace))
        if points is None:
            return None
        findings = progress.of(function)
        passed = sum(finding.passed for finding in findings)
        return points * passed / len(findings) if findings else 0.0

    def needs(self, line: str, cell: str) -> None:
        """The cell magic: run the cell once every function named in its first line is written."""
        workspace = Workspace(self.root)
        for name in line.split():
            found = exercise_of(workspace, name)
            if found is not None and not is_written(workspace, *found):
                place = f" (handout section {found[1].number})" if found[1].number else ""
                print(f"This cell waits for {name}, which is not written yet{place}.")
                return
        try:
            self.shell.ex(self._compiled(cell))
        except NotImplementedError as error:
            print(f"This cell waits: {error or 'a function that it uses is not written yet'}.")

    def _compiled(self, cell: str) -> Any:
        """With a file name that tracebacks can show lines of."""
        source = self.shell.transform_cell(cell)
        name = self.shell.compile.cache(source, self.shell.execution_count)
        return compile(source, name, "exec")


def exercise_of(workspace: Workspace, function: str) -> tuple[Assignment, Exercise] | None:
    """The assignment that asks for a function."""
    for assignment in workspace.assignments:
        if exercise := assignment.exercise(function):
            return assignment, exercise
    return None


def is_written(workspace: Workspace, assignment: Assignment, exercise: Exercise) -> bool:
    """Whether a function is more than its stub. A file that can't be read is no stub either."""
    package = assignment.record.contract.package
    path = workspace.root / package / f"{exercise.module}.py"
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return True
    for node in body:
        if isinstance(node, ast.FunctionDef) and node.name == exercise.name:
            last = node.body[-1]
            raised = ast.unparse(last.exc) if isinstance(last, ast.Raise) and last.exc else ""
            return not raised.startswith("NotImplementedError")
    return True


def report(progress: Progress, exercise: Exercise, workspace: Workspace) -> list[str]:
    """One function's checks: the first that fails in full, the others in a line each."""
    style = render.Style.of(sys.stdout)
    findings = progress.of(exercise.name)
    passed = sum(finding.passed for finding in findings)
    lines = [f"{style.glyph(findings)} {exercise.name}: {passed} of {len(findings)} public checks"]
    failed = [finding for finding in findings if not finding.passed]
    if not failed:
        return lines
    first = min(failed, key=lambda finding: finding.verdict in GREY)
    lines += ["", *render.in_full(progress, first, style)]
    others = [one for one in failed if one is not first and one.verdict not in GREY]
    if others:
        lines += ["", "Other checks that fail:", *render.in_lines(others, first, style)]
    path, line = workspace.line_of(progress.assignment.record.contract.package, exercise)
    section = f" (handout section {exercise.number})" if exercise.number else ""
    return [*lines, "", *wrap(f"It stands in {path}, line {line}{section}.", "")]


@contextmanager
def own_modules_kept(package: str) -> Iterator[None]:
    """The checks import the package afresh; the notebook goes on with the modules that it has."""
    before, finders = own_modules(package), list(sys.meta_path)
    try:
        yield
    finally:
        for name in own_modules(package):
            del sys.modules[name]
        sys.modules.update(before)
        sys.meta_path[:] = finders


def own_modules(package: str) -> dict[str, Any]:
    """The package's modules as far as they are imported."""
    return {
        name: module
        for name, module in sys.modules.items()
        if name == package or name.startswith(f"{package}.")
    }


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext` calls."""
    sys.dont_write_bytecode = True  # a file saved twice in a second must not come from a cache
    lab = Lab(ROOT, shell)
    shell.push({"check": lab.check})
    shell.register_magic_function(lab.needs, magic_kind="cell", magic_name="needs")
