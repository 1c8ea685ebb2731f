"""`python check.py`: the student's one command."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # small arrays: threads only cost

from autograder.checker.finding import wrap  # noqa: E402
from autograder.student import render, workflow  # noqa: E402
from autograder.student.handin import write_zip  # noqa: E402
from autograder.student.hints import State  # noqa: E402
from autograder.student.progress import Progress, current, run_assignment  # noqa: E402
from autograder.student.record import StaleRecordError  # noqa: E402
from autograder.student.watch import watch  # noqa: E402
from autograder.student.workspace import Workspace  # noqa: E402

USAGE_ERROR, ENVIRONMENT_ERROR, INTERRUPTED = 2, 3, 130


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="check.py",
        description="Run the public checks on your package and say what is next.",
    )
    made.add_argument(
        "assignment", nargs="?", help="number or name; without it: where you stand now"
    )
    made.add_argument("--watch", action="store_true", help="check again whenever you save")
    made.add_argument("--hint", action="store_true", help="show one hint more")
    made.add_argument("--list", action="store_true", help="the whole course, a line each")
    made.add_argument("--zip", action="store_true", help="write the zip file to hand in")
    made.add_argument("--json", action="store_true", help="print the findings as JSON")
    made.add_argument("--ci", action="store_true", help="for a workflow: all findings as a page")
    return made


def main(root: Path, arguments: Sequence[str] | None = None) -> int:
    """Run check.py in the folder `root`. Exit code 0: it ran, whatever the checks said."""
    options = parser().parse_args(arguments)
    try:
        return run(Workspace(root), options)
    except StaleRecordError as error:
        render.say([str(error)], sys.stderr)
        return ENVIRONMENT_ERROR
    except BrokenPipeError:  # whoever reads has seen enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        render.say(["", "Stopped."], sys.stderr)
        return INTERRUPTED


def run(workspace: Workspace, options: argparse.Namespace) -> int:
    """Do what the options say."""
    style = render.Style.of(sys.stdout)
    if not workspace.assignments:
        render.say(["There is no assignment in assignments/ yet: unpack one here."], sys.stderr)
        return ENVIRONMENT_ERROR
    chosen = None
    if options.assignment is not None:
        chosen = workspace.assignment(options.assignment)
        if chosen is None:
            names = ", ".join(item.name for item in workspace.assignments)
            render.say(
                [f"No assignment {options.assignment!r} here. There are: {names}"], sys.stderr
            )
            return USAGE_ERROR
    package = workspace.assignments[0].record.contract.package
    if options.watch:
        rest = [options.assignment] if options.assignment else []
        return watch(workspace.root, package, rest)
    if options.list:
        everything = (run_assignment(workspace, item) for item in workspace.assignments)
        render.say(render.course(everything, style))
        return 0
    if options.ci:
        asked = [chosen] if chosen else workspace.assignments
        all_progress = [run_assignment(workspace, item) for item in asked]
        render.say(workflow.leave(all_progress, os.environ, workspace.root).splitlines())
        return 0
    progress = run_assignment(workspace, chosen) if chosen else current(workspace)
    assert progress is not None
    if options.zip:
        return hand_in(workspace, progress, package)
    if options.json:
        render.say([json.dumps(as_data(progress), indent=1)])
        return 0
    state = State(workspace.root)
    if options.hint:
        return hint(progress, state)
    if state.first_run and chosen is None:
        render.say(render.welcome())
    render.say(render.report(progress, workspace, style))
    state.save()
    return 0


def hint(progress: Progress, state: State) -> int:
    """Show the next hint of the function that comes next."""
    exercise = progress.next_exercise()
    if exercise is None:
        render.say([f"{progress.assignment.name}: nothing is left to hint at."])
        return 0
    lines = [f"{exercise.name} ({progress.assignment.name}, section {exercise.number})"]
    for text in state.next_hint(exercise.name, exercise.hints):
        lines += wrap(text)
    render.say(lines)
    state.save()
    return 0


def hand_in(workspace: Workspace, progress: Progress, package: str) -> int:
    """Write the zip and say what is in it and what is still open."""
    target, count, written = write_zip(workspace.root, package, progress.assignment.name)
    more = f" and {written} of written work" if written else ""
    lines = [f"Wrote {target.name}: {count} files of {package}/{more}. Hand in this one file."]
    if not progress.done:
        open_checks = len(progress.findings) - progress.passed
        lines.append(f"{open_checks} public checks are still open; you can hand in all the same.")
    render.say(lines)
    return 0


def as_data(progress: Progress) -> dict[str, object]:
    """The findings for a program to read."""
    return {
        "assignment": progress.assignment.name,
        "passed": progress.passed,
        "checks": [
            {
                "name": finding.check,
                "function": finding.function,
                "verdict": finding.verdict.value,
                "message": finding.text("full", progress.assignment.record.sections),
                "diagnosis": finding.diagnosis.id if finding.diagnosis else None,
            }
            for finding in progress.findings.values()
        ],
    }
