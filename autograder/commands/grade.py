"""The `grade` command behind its options: find submissions, grade them, show what came of it."""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from autograder.course.course import Assignment, Course
from autograder.documents.results import SCHEMA
from autograder.documents.schema import encode
from autograder.gradebook.roster import Roster, read_times, with_times
from autograder.grading.batch import Batch, Options, Summary
from autograder.grading.conditions import Settings, Upstream
from autograder.grading.grader import expected_of
from autograder.report.regrading import regrading_lines
from autograder.report.terminal import review_lines, same_slips, table
from autograder.uploads.sources import as_committed, find_sources, without_doubles
from autograder.uploads.submission import Source
from autograder.uploads.upload import shown

Progress = Callable[[int, int], None]
UNKNOWN = (
    "extensions.csv or adjustments.csv name {names}, whom neither the gradebook nor a roster knows."
)
INTERRUPTED = 130
GRADER_ERROR = 3
EVERY = 10.0  # seconds between lines where there is no terminal


def run_grade(
    course_folder: Path | None,
    assignment_name: str,
    paths: Sequence[Path],
    *,
    results: Path,
    gradebook: Path,
    jobs: int,
    isolation: str | None,
    upstream: Upstream,
    regrade: bool,
    as_json: bool,
    roster: Path | None = None,
    times: Path | None = None,
    report: Path | None = None,
    cluster: str | None = None,
    ref: str | None = None,
) -> int:
    """Grade, and return the exit code."""
    course = Course.find(course_folder)
    assignment = course.assignment(assignment_name)
    sources = as_committed(find_sources(paths, expected_of(course, assignment)), ref)
    people = Roster.beside(gradebook, roster)
    sources, strangers = people.apply(sources)
    sources, doubled = without_doubles(sources)
    if doubled:
        click.echo("\n".join(doubled), err=True)
    if times is not None:
        sources = with_times(sources, read_times(times, course))
    if words := doubts(course, assignment, sources, strangers):
        click.echo("\n".join(words), err=True)
    settings = Settings(upstream, isolation)
    elsewhere = None
    if cluster is not None:
        from autograder.integrations.cluster.workers import ClusterWorkers

        elsewhere = partial(
            ClusterWorkers, course, assignment, settings, cluster, jobs=jobs, say=_say
        )
    options = Options(results, gradebook, settings, jobs, regrade, report, elsewhere)
    with progress_shown(assignment.name) as progress:
        summary = Batch(course, assignment, options).run(sources, progress)
    show(document(assignment, summary) if as_json else overview(assignment, summary, options))
    known = {name.casefold() for name in people.people}
    if unknown := [name for name in summary.strangers if name.casefold() not in known]:
        click.echo(UNKNOWN.format(names=", ".join(map(shown, unknown))), err=True)
    if summary.interrupted:
        click.echo(
            f"Interrupted after {len(summary.results)} of {len(sources)}: what is finished is "
            "kept, and the same command goes on from here.",
            err=True,
        )
        return INTERRUPTED
    if summary.faults:
        click.echo(faults(summary, options), err=True)
        return GRADER_ERROR
    if doubled:
        click.echo(
            f"Not graded, since they have several uploads: {len(doubled)} student(s).", err=True
        )
        return GRADER_ERROR
    return 0


def show(text: str) -> None:
    """Print it. Whoever closed the output early, as `| head` does, still gets the exit code."""
    try:
        click.echo(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(words: str) -> None:
    click.echo(words, err=True)


def document(assignment: Assignment, summary: Summary) -> str:
    """Everything as one JSON document."""
    results = sorted(summary.results, key=lambda result: result.student)
    whole = {
        "schema": SCHEMA,
        "assignment": assignment.name,
        "interrupted": summary.interrupted,
        "results": encode(results),
    }
    if summary.regraded is not None:
        whole["regraded"] = encode(summary.regraded)
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)


def overview(assignment: Assignment, summary: Summary, options: Options) -> str:
    """The table, and where everything is."""
    width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 120
    lines = [
        table(
            assignment.name,
            summary.results,
            isolation=summary.isolation or "not started",
            seconds=summary.seconds,
            kept=summary.kept,
            width=max(width, 60),
        ),
        f"Feedback and results: {options.results / assignment.name}/   "
        f"Grades: {options.results / 'grades.csv'}",
        *same_slips(summary.results),
        *review_lines(summary.results),
        *(regrading_lines(summary.regraded) if summary.regraded else ()),
    ]
    return "\n".join(lines)


def doubts(
    course: Course, assignment: Assignment, sources: Sequence[Source], strangers: Sequence[str]
) -> list[str]:
    """What the instructor should look at before trusting the marks."""
    lines = []
    if strangers:
        names = ", ".join(map(shown, strangers[:10])) + (" …" if len(strangers) > 10 else "")
        lines.append(
            f"Not in the roster, graded under the upload's name: {names}. Name such uploads in its "
            'column "uploads".'
        )
    if clones := [one for one in sources if one.commit]:
        lines.append(
            f"{len(clones)} of {len(sources)} are clones, graded as they were committed. Their "
            "times are what commits or tags say, and students can write any time there: where a "
            "deadline counts, give the times of the pushes with --times FILE."
        )
    policy, deadline = course.late, course.deadlines.get(assignment.name)
    told = any((policy.per_day_percent, policy.free_days, course.attempts.counts == "last_on_time"))
    unknown = [one for one in sources if one.submitted_at is None]
    if deadline is not None and told and unknown:
        late = ", ".join(shown(one.id) for one in unknown if one.late)
        lines.append(
            f"When {len(unknown)} of {len(sources)} uploads came is not known, and they count as "
            "in time"
            + (f", although the platform marked some as late: {late}" if late else "")
            + ". Tell the times with --times FILE."
        )
    return lines


def faults(summary: Summary, options: Options) -> str:
    """What the instructor must know about the grader's own failures."""
    names = ", ".join(result.student for result in summary.faults[:5])
    more = f" and {len(summary.faults) - 5} more" if len(summary.faults) > 5 else ""
    return (
        f"The grader failed on {len(summary.faults)} of {len(summary.results)} submissions "
        f"({names}{more}): they have no score. The reason is in their result files in "
        f"{options.results}; the same command tries them again."
    )


@contextmanager
def progress_shown(title: str) -> Iterator[Progress]:
    """A bar on stderr where that is a terminal; else a line now and then."""
    if not sys.stderr.isatty():
        yield _lines(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), Remaining())
    console = Console(stderr=True)
    # no refreshing thread: the grader forks
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task(title, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            bar.refresh()

        yield show


def _lines(title: str) -> Progress:
    last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY:
            last = time.monotonic()
            click.echo(f"{title}: {done} of {total}", err=True)

    return show
