"""The gradebook: every attempt and every grading of it, in one SQLite file.

Each result is one transaction, so that a grader that dies loses nothing that was finished, and
two graders may write at once. Which attempt counts is asked, never stored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from autograder.course.policy import Standing
from autograder.documents.results import Result, from_json, to_json
from autograder.gradebook.database import Database


class Gradebook(Database):
    """What was handed in and how it was graded. A context manager."""

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

    def documents(self, assignment: str, attempts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        """Student and document, as it was written, of these attempts; one at a time."""
        with self._told():
            rows = self.connection.execute(
                "SELECT student, attempt, document FROM attempts JOIN gradings "
                "ON gradings.id = (SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id) "
                "WHERE assignment = ? ORDER BY student, attempt",
                (assignment,),
            )
            for student, attempt, document in rows:
                if attempts.get(student) == attempt:
                    yield student, document

    def stamps(self, assignment: str, attempts: Mapping[str, int]) -> dict[str, str]:
        """What tells the documents of these attempts from earlier ones, without reading any."""
        with self._told():
            rows = self.connection.execute(
                "SELECT student, attempt, gradings.id, graded_at FROM attempts JOIN gradings "
                "ON gradings.id = (SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id) "
                "WHERE assignment = ?",
                (assignment,),
            ).fetchall()
        return {
            student: f"{number} {moment}"
            for student, attempt, number, moment in rows
            if attempts.get(student) == attempt
        }

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

    def standings(self, assignment: str, student: str | None = None) -> dict[str, list[Standing]]:
        """Every student's attempts in short, oldest first. No document is read for this."""
        with self._told():
            rows = self.connection.execute(
                "SELECT student, members, attempt, status, score, max_score, submitted_at "
                "FROM attempts JOIN gradings "
                "ON gradings.id = (SELECT MAX(id) FROM gradings WHERE attempt_id = attempts.id) "
                f"WHERE assignment = ? {'AND student = ? ' if student else ''}"
                "ORDER BY COALESCE(submitted_at, seen_at), seen_at, attempt",
                (assignment, student) if student else (assignment,),
            ).fetchall()
        by_student: dict[str, list[Standing]] = {}
        for student, members, attempt, status, score, most, moment in rows:
            submitted_at = datetime.fromisoformat(moment) if moment else None
            group = tuple(members.split("\n"))
            standing = Standing(student, group, attempt, status, score, most, submitted_at)
            by_student.setdefault(student, []).append(standing)
        return dict(sorted(by_student.items()))

    def uploads(self, assignment: str, student: str, way: str) -> list[tuple[str, str, int, str]]:
        """What `known.py` remembers of a student's uploads, the newest first."""
        with self._told():
            return self.connection.execute(
                "SELECT digest, names, settled, packed FROM uploads WHERE assignment = ? "
                "AND student = ? AND way = ? ORDER BY rowid DESC",
                (assignment, student, way),
            ).fetchall()

    def remember_upload(
        self, assignment: str, student: str, row: tuple[str, str, str, int, str]
    ) -> None:
        """Keep such a row; an older one of the same files goes."""
        with self._told():
            self.connection.execute(
                "INSERT OR REPLACE INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?)",
                (assignment, student, *row),
            )

    def written(self, path: str) -> tuple[str, str] | None:
        """For what cause a file was written, and what it was like then."""
        with self._told():
            row: tuple[str, str] | None = self.connection.execute(
                "SELECT cause, files FROM written WHERE path = ?", (path,)
            ).fetchone()
        return row

    def remember_written(self, path: str, cause: str, files: str) -> None:
        """Keep that."""
        with self._told():
            self.connection.execute(
                "INSERT OR REPLACE INTO written VALUES (?, ?, ?)", (path, cause, files)
            )

    def _result(self, row: tuple[str, int, str | None]) -> Result:
        document, attempt, moment = row
        result = from_json(document, f"{self.path}: a result")
        handed = result.submission
        if moment and handed.submitted_at != datetime.fromisoformat(moment):  # told later
            handed = replace(handed, submitted_at=datetime.fromisoformat(moment))
        return replace(result, attempt=attempt, submission=handed)


def _stored(moment: datetime | None) -> str | None:
    """A time as text whose order is the order in time."""
    return moment.astimezone(UTC).isoformat() if moment else None
