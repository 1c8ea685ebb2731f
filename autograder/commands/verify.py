"""`autograder verify`: prove the checks before anybody is marked by them."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.course.accepted import alternatives, write_alternative
from autograder.course.course import Assignment, Course
from autograder.course.secret import Secret
from autograder.grading.grader import Settings, expected_of
from autograder.grading.judges import Streams
from autograder.uploads.submission import Source, read_submission
from autograder.verify.computed import computed_proof, knowing
from autograder.verify.leaks import leak_proof
from autograder.verify.mutation import Mutation, run_mutants
from autograder.verify.proofs import Proof, live_key, make_subject, run_proofs
from autograder.verify.rubrics import rubric_proof
from autograder.verify.steps import Changes, changes_of_steps, steps_proof
from autograder.verify.streams import stream_proofs
from autograder.verify.subjects import write_template

SHOWN = 12


@dataclass(frozen=True)
class Report:
    """Everything that was proven of one assignment, or not."""

    assignment: str
    proofs: tuple[Proof, ...]
    mutation: Mutation | None
    seconds: float
    changes: Changes | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """All breaches, each in one line."""
        found = [f"{proof.title}: {line}" for proof in self.proofs for line in proof.problems]
        if self.mutation is not None:
            found += [f"mutant survives: {key}" for key in self.mutation.survivors]
            found += [f"explained, but killed or gone: {key}" for key in self.mutation.stale]
        return tuple(found)


@click.command()
@click.argument("assignments", nargs=-1)
@click.option("--mutants/--no-mutants", default=True, help="Grade mutants of the solution too.")
@click.option("--jobs", type=click.IntRange(1), help="Assignments at a time [default: one a core].")
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
        if len(chosen) > 1 and (jobs or cores()) > 1:
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
    """Several assignments at a time, each in a process of its own; the last ones take longest."""
    task = bar.add_task("assignments", total=len(chosen))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(chosen)), context, _quietly) as pool:
        running = {
            one.name: pool.submit(_alone, course.root, one.name, mutants)
            for one in reversed(chosen)
        }
        for number, _ in enumerate(as_completed(running.values()), 1):
            bar.update(task, completed=number)
        return [running[one.name].result() for one in chosen]


def _alone(root: Path, name: str, mutants: bool) -> Report:
    course = Course.find(root)
    with shown_bar(visible=False) as bar:
        return examine(course, course.assignment(name), mutants=mutants, bar=bar)


def _quietly() -> None:
    """Ctrl-C ends these processes without a word of theirs."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def examine(course: Course, assignment: Assignment, *, mutants: bool, bar: Progress) -> Report:
    """All proofs of one assignment."""
    started = time.perf_counter()
    secret = Secret.load(course.id)
    streams = Streams(course, assignment, secret)
    judge, reference = streams[0], streams.reference
    subject = make_subject(course, assignment, judge, reference, streams.slips)
    task = bar.add_task(assignment.name, total=None)
    proofs = [*run_proofs(subject), *stream_proofs(subject, streams), leak_proof(subject)]
    jailed = tuple(graded_in_the_jail(course, assignment, streams))
    proofs.append(Proof("the same in the jail", 2 + len(alternatives(assignment)), jailed))
    computed = computed_proof(course, assignment, streams)
    proofs += [computed, rubric_proof(assignment), steps_proof(streams)]
    changes = changes_of_steps(streams) if mutants else None
    mutation = None
    if mutants:

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        mutation = run_mutants(
            course, assignment, judge.checks, live_key(judge), reference, advance
        )
    bar.remove_task(task)
    seconds = time.perf_counter() - started
    return Report(assignment.name, tuple(proofs), mutation, seconds, changes)


def graded_in_the_jail(course: Course, assignment: Assignment, streams: Streams) -> Iterator[str]:
    """The solution, the template and every alternative as submissions, graded as students' are."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        template = folder / "template"
        write_template(course, assignment, template)
        whole = {"solution": course.solutions}
        for path in alternatives(assignment):
            write_alternative(course, path, folder / path.name)
            whole[path.name] = folder / path.name
        expected = expected_of(course, assignment)
        with knowing(streams, Settings()) as grader:
            for name, path in (*whole.items(), ("template", template)):
                result = grader.grade(read_submission(Source(name, (path,)), expected))
                wanted = 0.0 if name == "template" else assignment.max_points
                if result.raw_score != wanted:
                    yield f"{name} scores {result.raw_score}, not {wanted:g} ({result.reason})"


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
