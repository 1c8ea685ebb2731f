"""The gradebook: every attempt and every grading of it, in one SQLite file.

Each result is one transaction, so that a grader that dies loses nothing that was finished, and
two graders may write at once. Which attempt counts is asked, never stored.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from autograder.errors import KitError
from autograder.policy import Standing
from autograder.results import Result, from_json, to_json

VERSION = 1
WAIT = 30.0  # seconds for another writer to finish
TABLES = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL,
    student TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    digest TEXT NOT NULL,
    submitted_at TEXT,
    seen_at TEXT NOT NULL,
    UNIQUE (assignment, student, digest),
    UNIQUE (assignment, student, attempt)
);
CREATE TABLE gradings (
    id INTEGER PRIMARY KEY,
    attempt_id INTEGER NOT NULL REFERENCES attempts (id),
    key TEXT NOT NULL,
    status TEXT NOT NULL,
    score REAL,
    graded_at TEXT NOT NULL,
    max_score REAL NOT NULL,
    members TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (attempt_id, key)
);
CREATE INDEX gradings_by_key ON gradings (key);
"""


class Gradebook:
    """A context manager around the file. The file and its folder are made when missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
            self._write_ahead()
            self.connection.execute("PRAGMA synchronous = NORMAL")
            self.connection.execute("PRAGMA foreign_keys = ON")
            self._prepare()

    def __enter__(self) -> "Gradebook":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def find(self, assignment: str, student: str, key: str) -> Result | None:
        """The finished result of the same submission under the same conditions.

        An older one does not count: where a change of a check was taken back, the attempt is
        graded again, so that the newest grading is always the one that holds.
        """
        with self._told():
            row = self.connection.execute(
                "SELECT document, attempt, submitted_at FROM gradings JOIN attempts "
                "ON attempts.id = attempt_id WHERE assignment = ? AND student = ? AND key = ? "
                "AND status != 'grader_error' AND gradings.id = "
                "(SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id)",
                (assignment, student, key),
            ).fetchone()
        return self._result(row) if row else None

    def record(self, result: Result, key: str) -> Result:
        """Keep a result, in one transaction; it comes back with the number of its attempt.

        Where another grader has finished the same in the meantime, that result stays.
        """
        handed = result.submission
        submitted = _stored(handed.submitted_at)
        now = datetime.now(UTC).isoformat()
        with self._told(), self._transaction() as connection:
            connection.execute(
                "INSERT INTO attempts (assignment, student, attempt, digest, submitted_at, "
                "seen_at) VALUES (?1, ?2, (SELECT COALESCE(MAX(attempt), 0) + 1 FROM attempts "
                "WHERE assignment = ?1 AND student = ?2), ?3, ?4, ?5) "
                "ON CONFLICT (assignment, student, digest) DO UPDATE SET seen_at = ?5, "
                "submitted_at = COALESCE(?4, submitted_at)",
                (result.assignment, result.student, handed.digest, submitted, now),
            )
            attempt_id, attempt = connection.execute(
                "SELECT id, attempt FROM attempts "
                "WHERE assignment = ? AND student = ? AND digest = ?",
                (result.assignment, result.student, handed.digest),
            ).fetchone()
            connection.execute(
                "UPDATE gradings SET key = key || ' until ' || ?3 WHERE attempt_id = ?1 "
                "AND key = ?2 AND id < (SELECT MAX(id) FROM gradings WHERE attempt_id = ?1)",
                (attempt_id, key, now),
            )
            numbered = replace(result, attempt=attempt)
            document = to_json(numbered)
            connection.execute(
                "INSERT INTO gradings (attempt_id, key, status, score, graded_at, max_score, "
                "members, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (attempt_id, key) DO UPDATE SET status = excluded.status, "
                "score = excluded.score, graded_at = excluded.graded_at, "
                "document = excluded.document "
                "WHERE gradings.status = 'grader_error'",
                (
                    *(attempt_id, key, result.status, result.score, now, result.max_score),
                    *("\n".join(result.members), document),
                ),
            )
            row = connection.execute(
                "SELECT document, attempt, submitted_at FROM gradings JOIN attempts "
                "ON attempts.id = attempt_id WHERE attempt_id = ? AND key = ?",
                (attempt_id, key),
            ).fetchone()
        return self._result(row)

    def forget(self, assignment: str, student: str, key: str) -> None:
        """Let a finished grading be done again (the old one stays until the new one is there)."""
        with self._told(), self._transaction() as connection:
            connection.execute(
                "UPDATE gradings SET key = key || ' until ' || ? WHERE key = ? AND attempt_id IN "
                "(SELECT id FROM attempts WHERE assignment = ? AND student = ?)",
                (datetime.now(UTC).isoformat(), key, assignment, student),
            )

    def seen_again(self, result: Result, submitted_at: datetime | None = None) -> Result:
        """The same files were handed in again: for "latest", that makes them the latest.

        Of two times for the same files, the one told last holds.
        """
        moment = _stored(submitted_at)
        with self._told(), self._transaction() as connection:
            connection.execute(
                "UPDATE attempts SET seen_at = ?, submitted_at = COALESCE(?, submitted_at) "
                "WHERE assignment = ? AND student = ? AND digest = ?",
                (
                    datetime.now(UTC).isoformat(),
                    moment,
                    result.assignment,
                    result.student,
                    result.submission.digest,
                ),
            )
        if submitted_at is None:
            return result
        return replace(result, submission=replace(result.submission, submitted_at=submitted_at))

    def attempts(self, assignment: str, student: str | None = None) -> list[Result]:
        """The newest grading of every attempt, oldest attempt first."""
        with self._told():
            rows = self.connection.execute(
                "SELECT document, attempt, submitted_at FROM attempts JOIN gradings "
                "ON gradings.id = (SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id) "
                "WHERE assignment = ?1 AND (?2 IS NULL OR student = ?2) "
                "ORDER BY COALESCE(submitted_at, seen_at), seen_at, attempt",
                (assignment, student),
            ).fetchall()
        return [self._result(row) for row in rows]

    def history(self, assignment: str, student: str) -> list[Result]:
        """Every grading of every attempt, oldest first: what regrading has changed."""
        with self._told():
            rows = self.connection.execute(
                "SELECT document, attempt, submitted_at FROM gradings JOIN attempts "
                "ON attempts.id = attempt_id WHERE assignment = ? AND student = ? "
                "ORDER BY gradings.id",
                (assignment, student),
            ).fetchall()
        return [self._result(row) for row in rows]

    def regradings(self, assignment: str) -> list[tuple[Result, Result]]:
        """For every attempt that was graded more than once, the last grading but one and the last.

        A grading that the grader failed in is passed over.
        """
        with self._told():
            rows = self.connection.execute(
                "WITH ranked AS (SELECT document, attempt, submitted_at, student, attempt_id, "
                "ROW_NUMBER() OVER (PARTITION BY attempt_id ORDER BY gradings.id DESC) AS age, "
                "COUNT(*) OVER (PARTITION BY attempt_id) AS gradings FROM gradings "
                "JOIN attempts ON attempts.id = attempt_id "
                "WHERE assignment = ? AND status != 'grader_error') "
                "SELECT document, attempt, submitted_at FROM ranked "
                "WHERE gradings > 1 AND age <= 2 ORDER BY student, attempt, age DESC",
                (assignment,),
            ).fetchall()
        results = [self._result(row) for row in rows]
        return list(zip(results[::2], results[1::2], strict=True))

    def regraded_since(self, assignment: str, moment: datetime) -> bool:
        """Whether anything that had a result was graded again from a moment on."""
        with self._told():
            row = self.connection.execute(
                "SELECT 1 FROM gradings AS new JOIN attempts ON attempts.id = new.attempt_id "
                "WHERE assignment = ? AND new.graded_at >= ? AND EXISTS (SELECT 1 FROM gradings "
                "AS old WHERE old.attempt_id = new.attempt_id AND old.id < new.id "
                "AND old.status != 'grader_error') LIMIT 1",
                (assignment, moment.isoformat()),
            ).fetchone()
        return row is not None

    def assignments(self) -> list[str]:
        """The assignments that have results."""
        with self._told():
            rows = self.connection.execute("SELECT DISTINCT assignment FROM attempts ORDER BY 1")
            return [row[0] for row in rows]

    def standings(self, assignment: str) -> dict[str, list[Standing]]:
        """Every student's attempts in short, oldest first. No document is read for this."""
        with self._told():
            rows = self.connection.execute(
                "SELECT student, members, attempt, status, score, max_score, submitted_at "
                "FROM attempts JOIN gradings "
                "ON gradings.id = (SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id) "
                "WHERE assignment = ? ORDER BY COALESCE(submitted_at, seen_at), seen_at, attempt",
                (assignment,),
            ).fetchall()
        by_student: dict[str, list[Standing]] = {}
        for student, members, attempt, status, score, most, moment in rows:
            submitted_at = datetime.fromisoformat(moment) if moment else None
            group = tuple(members.split("\n"))
            standing = Standing(student, group, attempt, status, score, most, submitted_at)
            by_student.setdefault(student, []).append(standing)
        return dict(sorted(by_student.items()))

    def check(self) -> None:
        """KitError where the file is damaged."""
        with self._told():
            answer = self.connection.execute("PRAGMA integrity_check").fetchone()[0]
        if answer != "ok":
            raise KitError(f"The gradebook {self.path} is damaged: {answer}. {_ADVICE}")

    def _prepare(self) -> None:
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self._transaction() as connection:
                if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                    for statement in TABLES.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            raise KitError(
                f"The gradebook {self.path} has version {version}; this kit reads version "
                f"{VERSION}. Use the kit's version that wrote it, or another --gradebook."
            )

    def _write_ahead(self) -> None:
        """Switch to a write-ahead log. SQLite does not wait by itself if two do so at once."""
        until = time.monotonic() + WAIT
        while True:
            try:
                self.connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
            time.sleep(0.01)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What SQLite says, as a sentence about this file."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            text = str(error)
            if "full" in text or "No space" in text or "I/O error" in text:
                advice = ROOM
            elif "locked" in text:
                advice = "Another program has held it for 30 seconds; try again when that is done."
            elif isinstance(error, sqlite3.DatabaseError) and (
                "not a database" in text or "malformed" in text
            ):
                advice = _ADVICE
            else:
                advice = "Check that the folder can be written to, or name another --gradebook."
            raise KitError(f"The gradebook {self.path}: {text}. {advice}") from error

    def _result(self, row: tuple[str, int, str | None]) -> Result:
        document, attempt, moment = row
        result = from_json(document, f"{self.path}: a result")
        handed = result.submission
        if moment:
            handed = replace(handed, submitted_at=datetime.fromisoformat(moment))
        return replace(result, attempt=attempt, submission=handed)


def _stored(moment: datetime | None) -> str | None:
    """A time as text whose order is the order in time."""
    return moment.astimezone(UTC).isoformat() if moment else None


ROOM = "Make room on the disk and run the same command again: nothing that was finished is lost."
_ADVICE = (
    "Put it aside and grade again into a new one (the results folder still holds every result), "
    "or restore a copy."
)
