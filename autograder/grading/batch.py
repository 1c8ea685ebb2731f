"""Grades many submissions, keeps every result the moment it is there, and writes it all down."""

import functools
import hashlib
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.documents.files import replace_file
from autograder.documents.results import Result, read, to_json
from autograder.errors import KitError
from autograder.gradebook.attempts import Gradebook
from autograder.gradebook.known import Known, Written
from autograder.gradebook.ledger import Ledger
from autograder.gradebook.marks import Books, Mark
from autograder.gradebook.regrading import Regraded, regraded
from autograder.grading.conditions import Settings
from autograder.grading.grader import expected_of
from autograder.grading.workers import ManyProcesses, OneProcess, Workers
from autograder.report.feedback import feedback
from autograder.report.grades import grades_csv
from autograder.report.regrading import regrading_report
from autograder.uploads.archives import Refused
from autograder.uploads.fingerprints import fingerprint, way_of_reading
from autograder.uploads.submission import Source, Submission, read_submission, unread

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Options:
    """Where results go, and how a batch is run."""

    results: Path
    gradebook: Path
    settings: Settings = field(default_factory=Settings)
    jobs: int = 1
    regrade: bool = False
    report: Path | None = None
    """Where the report of a regrading goes."""
    elsewhere: Callable[[], Workers] | None = None
    """Makes what grades, where that is not this machine's own processes."""


@dataclass
class Summary:
    """What came of a batch, finished or interrupted."""

    results: list[Result] = field(default_factory=list)
    kept: int = 0
    isolation: str = ""
    seconds: float = 0.0
    interrupted: bool = False
    regraded: Regraded | None = None
    strangers: list[str] = field(default_factory=list)
    """Whom extensions.csv or adjustments.csv name, and who handed in nothing."""

    @property
    def faults(self) -> list[Result]:
        return [result for result in self.results if result.status == "grader_error"]


class Batch:
    """One assignment's submissions on their way through the grader."""

    def __init__(self, course: Course, assignment: Assignment, options: Options) -> None:
        self.course, self.assignment, self.options = course, assignment, options
        self.folder = options.results / assignment.name
        self.summary = Summary()

    def run(self, sources: Sequence[Source], progress: Progress) -> Summary:
        """Grade what is new or changed. Ctrl-C ends it early, with everything finished kept."""
        started = time.perf_counter()
        since = datetime.now(UTC)
        ledger = Ledger.load(self.options.gradebook.parent, self.course)
        self._make_folder()
        with Gradebook(self.options.gradebook) as self.gradebook:
            self.books = Books(self.course, self.gradebook, ledger)
            self.expected = expected_of(self.course, self.assignment)
            way = way_of_reading(self.expected)
            self.known = Known(self.gradebook, self.assignment.name, way)
            self.written = Written(self.gradebook)
            try:
                self._grade_all(sources, progress)
            except KeyboardInterrupt:
                self.summary.interrupted = True
            write(self.options.results / "grades.csv", grades_csv(self.books.marks()))
            self._report(since)
            self.summary.strangers = self.books.strangers(())
        self.summary.seconds = time.perf_counter() - started
        return self.summary

    def _grade_all(self, sources: Sequence[Source], progress: Progress) -> None:
        with self._make_workers(sources) as self.workers:
            conditions = self.workers.conditions
            self.summary.isolation = str(conditions.isolation)
            progress(0, len(sources))
            pending = self._pending(sources, lambda: progress(self._done, len(sources)))
            for submission, result in self.workers.run(pending):
                self._keep(self.gradebook.record(result, conditions.key(submission)))
                progress(self._done, len(sources))

    def _make_workers(self, sources: Sequence[Source]) -> Workers:
        if self.options.elsewhere is not None:
            return self.options.elsewhere()
        jobs = max(1, min(self.options.jobs, len(sources)))
        place = (self.course, self.assignment, self.options.settings)
        if jobs == 1:
            only = functools.partial(self._soon, sources[0]) if len(sources) == 1 else None
            return OneProcess(*place, only)
        return ManyProcesses(*place, jobs)

    def _soon(self, source: Source) -> Mapping[str, bytes] | None:
        """The files of a single upload, unless they were read before and may have a result.

        It is read again when its turn comes: what is wrong with it is told then.
        """
        if self.known.digest(source, fingerprint(source)) is not None:
            return None
        try:
            return read_submission(source, self.expected).files
        except Exception:
            return None

    @property
    def _done(self) -> int:
        return len(self.summary.results)

    def _pending(
        self, sources: Sequence[Source], progressed: Callable[[], None]
    ) -> Iterator[Submission]:
        """The submissions that must be graded; all others are finished on the way."""
        conditions = self.workers.conditions
        expected, known = self.expected, self.known
        for source in sources:
            looked = fingerprint(source)
            if not self.options.regrade and self._is_finished(source, known.digest(source, looked)):
                progressed()
                continue
            try:
                submission = read_submission(source, expected)
            except Refused as refusal:
                empty = unread(source, str(refusal))
                result = conditions.refused(empty, str(refusal))
                self._keep(self.gradebook.record(result, conditions.key(empty)))
            except Exception:  # reading an upload must never stop the batch
                empty = unread(source, "unreadable")
                result = conditions.failed(empty, traceback.format_exc())
                self._keep(self.gradebook.record(result, conditions.key(empty)))
            else:
                known.keep(source, submission, looked)
                if not self.options.regrade and self._is_finished(source, submission.digest):
                    progressed()
                    continue
                if self.options.regrade:
                    self._forget(submission)
                yield submission
                continue
            progressed()

    def _forget(self, submission: Submission) -> None:
        key, name = self.workers.conditions.key(submission), self.assignment.name
        if self.gradebook.find(name, submission.id, key) is not None:
            self.gradebook.forget(name, submission.id, key)

    def _is_finished(self, source: Source, digest: str | None) -> bool:
        """Whether these files have a result under these conditions; then it is taken as it is."""
        if digest is None:
            return False
        key = self.workers.conditions.key_of(digest)
        found = self.gradebook.find(self.assignment.name, source.id, key)
        if found is None:
            return False
        self.summary.kept += 1
        self._keep(self.gradebook.seen_again(found, source.submitted_at))
        return True

    def _keep(self, result: Result) -> None:
        """Write a student's two files, unless they lie there as this result made them."""
        result = self.books.settle(result)
        self.summary.results.append(result)
        place = self.folder / f"{result.student}.json"
        files = (place, place.with_suffix(".md"))
        cause = self._cause(result)
        if not self.written.holds(place, files, cause):
            write_result(result, self.folder, self.course)
            self.written.keep(place, files, cause)

    def _cause(self, result: Result) -> str:
        """What a student's files follow from, without working through the whole result again.

        Of one submission under one digest of the assignment, the moment of grading names the
        findings; the rest is what people and time may change since.
        """
        handed = result.submission
        whole = (
            *(result.student, handed.digest, result.assignment_digest, result.graded_at),
            *(result.status, result.raw_score, result.score, result.adjustments, result.members),
            *(result.attempt, result.counted_attempt, handed, result.versions, result.isolation),
            *(self.course.feedback, _writers()),
        )
        return hashlib.sha256(repr(whole).encode(errors="surrogatepass")).hexdigest()

    def _report(self, since: datetime) -> None:
        """What grading again has changed, of all these uploads, in this run or one broken off."""
        name, target = self.assignment.name, self.options.report
        if target is None and not self.gradebook.regraded_since(name, since):
            return
        uploads = {(one.student, one.submission.digest) for one in self.summary.results}
        self.summary.regraded = regraded(self.books, name, uploads)
        if target is not None:
            write(target, regrading_report(self.summary.regraded))

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise KitError(
                f"The results folder {self.folder} can't be made: {error.strerror}. "
                "Name another with --results DIR."
            ) from error


def write_result(result: Result, folder: Path, course: Course) -> None:
    """A student's result and feedback files."""
    write(folder / f"{result.student}.json", to_json(result) + "\n")
    text = feedback(result, course.feedback.disclosure)
    write(folder / f"{result.student}.md", text)


@functools.cache
def _writers() -> str:
    """A digest of the code that makes files of a result."""
    whole = hashlib.sha256()
    home = Path(__file__).parent.parent
    for room in ("checker", "documents", "report"):
        for path in sorted((home / room).glob("*.py")):
            whole.update(path.read_bytes())
    return whole.hexdigest()


def write(path: Path, text: str) -> None:
    """Write a file whole; where that can't be done, say what to do."""
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise KitError(
            f"{path} can't be written: {error.strerror}. What was finished is kept in the "
            "gradebook; make room and run the same command again."
        ) from error


def refresh(
    course: Course, results: Path, gradebook: Path, student: str
) -> dict[str, dict[str, Mark]]:
    """Bring one student's files and grades.csv up to date after a decision; all marks."""
    with Gradebook(gradebook) as book:
        books = Books(course, book, Ledger.load(gradebook.parent, course))
        marks = books.marks()
        for assignment in marks:
            path = results / assignment / f"{student}.json"
            if path.is_file():
                write_result(books.settle(read(path)), path.parent, course)
    if results.is_dir():
        write(results / "grades.csv", grades_csv(marks))
    return marks
