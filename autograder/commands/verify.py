"""`autograder verify`: prove the checks before anybody is marked by them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.course.course import Assignment, Course
from autograder.verify.parts import Examination, Part, Report, parts_of, report_of

SHOWN = 12


@click.command()
@click.argument("assignments", nargs=-1)
@click.option("--mutants/--no-mutants", default=True, help="Grade mutants of the solution too.")
@click.option("--jobs", type=click.IntRange(1), help="Processes [default: one a core].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, no table.")
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def verify(
    assignments: tuple[str, ...],
    mutants: bool,
    jobs: int | None,
    as_json: bool,
    root: Path | None,
) -> int:
    """Prove that checks, solution, slips and alternatives fit together.

    The solution must score 100 %, the template nothing, cheap answers next to nothing; every
    accepted alternative 100 %; every known slip must lose points and be named; mutants of the
    solution must die. Exit code 3 if any of it does not hold.
    """
    course = Course.find(root)
    chosen = [course.assignment(name) for name in assignments] or list(course.assignments)
    with shown_bar(visible=sys.stderr.isatty()) as bar:
        if (jobs or cores()) > 1:
            reports = side_by_side(course, chosen, mutants=mutants, jobs=jobs or cores(), bar=bar)
        else:
            reports = [examine(course, one, mutants=mutants, bar=bar) for one in chosen]
    if as_json:
        click.echo(json.dumps([asdict(report) for report in reports], indent=1))
    else:
        click.echo("\n".join(table(reports)))
    return 3 if any(report.problems for report in reports) else 0


def shown_bar(*, visible: bool) -> Progress:
    """How far it is, on stderr."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not visible,
    )


def cores() -> int:
    """How many processes this one may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def side_by_side(
    course: Course, chosen: list[Assignment], *, mutants: bool, jobs: int, bar: Progress
) -> list[Report]:
    """All parts of all assignments, some at a time; the last assignments take longest.

    A process goes on with the assignment that it has begun: parts have answers in common.
    """
    names = parts_of(mutants=mutants)
    task = bar.add_task("parts", total=len(names) * len(chosen))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before the others import NumPy
    context = multiprocessing.get_context("spawn")
    waiting = {one.name: [*names] for one in reversed(chosen)}
    found: dict[tuple[str, str], Part] = {}
    with ExitStack() as closing:
        free: list[tuple[ProcessPoolExecutor, str]] = [
            (closing.enter_context(ProcessPoolExecutor(1, context, _quietly)), "")
            for _ in range(min(jobs, len(names) * len(chosen)))
        ]
        running: dict[Future[Part], tuple[ProcessPoolExecutor, str, str]] = {}
        while waiting or running:
            while free and waiting:
                process, last = free.pop()
                one = last if last in waiting else _next(waiting, running.values())
                name = waiting[one].pop(0)
                if not waiting[one]:
                    del waiting[one]
                part = process.submit(_alone, course.root, one, name, mutants)
                running[part] = process, one, name
            for part in wait(running, return_when=FIRST_COMPLETED).done:
                process, one, name = running.pop(part)
                found[one, name] = part.result()
                free.append((process, one))
            bar.update(task, completed=len(found))
    return [report_of(one, [found[one.name, name] for name in names]) for one in chosen]


def _next(waiting: Mapping[str, list[str]], running: Iterable[tuple[object, str, str]]) -> str:
    """An assignment that nobody has begun; else the one that has most parts left."""
    begun = {one for _, one, _ in running}
    fresh = [one for one in waiting if one not in begun]
    return fresh[0] if fresh else max(waiting, key=lambda one: len(waiting[one]))


def _alone(root: Path, assignment: str, name: str, mutants: bool) -> Part:
    return _examination(root, assignment).part(name, mutants=mutants, advance=lambda *_: None)


@lru_cache(maxsize=1)
def _examination(root: Path, name: str) -> Examination:
    """Kept for the next part: a process often has several of one assignment."""
    course = Course.find(root)
    return Examination(course, course.assignment(name))


def _quietly() -> None:
    """Ctrl-C ends these processes without a word of theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def examine(course: Course, assignment: Assignment, *, mutants: bool, bar: Progress) -> Report:
    """All proofs of one assignment, in this process."""
    task = bar.add_task(assignment.name, total=None)
    examination = Examination(course, assignment)
    found = [
        examination.part(
            name,
            mutants=mutants,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
        for name in parts_of(mutants=mutants)
    ]
    bar.remove_task(task)
    return report_of(assignment, found)


def table(reports: list[Report]) -> Iterator[str]:
    """The reports for people: a line a proof, breaches below it."""
    for report in reports:
        yield f"{report.assignment}  ({report.seconds:.1f} s)"
        for proof in report.proofs:
            mark = "✗" if proof.problems else "✓"
            yield f"  {mark} {proof.title:<28} {proof.looked_at:>4}"
            for line in proof.problems[:SHOWN]:
                yield f"      {line}"
            if len(proof.problems) > SHOWN:
                yield f"      and {len(proof.problems) - SHOWN} more"
        if report.mutation is not None:
            found = report.mutation
            mark = "✗" if found.survivors or found.stale else "✓"
            yield (
                f"  {mark} {'mutants die':<28} {found.total:>4}   {found.killed} killed, "
                f"{len(found.explained)} explained, {len(found.survivors)} survive"
            )
            for line in found.survivors:
                yield f"      survives: {line}"
            for line in found.stale:
                yield f"      explained, but killed or gone: {line}"
        if report.changes is not None:
            seen = report.changes
            yield (
                f"    {'changes of steps':<28} {seen.known:>4}   of {seen.tried} tried "
                f"{seen.raising} raise, {seen.caught} of the others are caught, "
                f"{seen.explained} explained"
            )
        yield ""
    problems = sum(len(report.problems) for report in reports)
    if problems:
        yield f"{problems} problems. Nobody should be marked by these checks yet."
    else:
        yield f"All proven: {', '.join(report.assignment for report in reports)}."
