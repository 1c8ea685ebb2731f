"""The gradebook's file: its tables, its transactions, and SQLite's errors as sentences."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from autograder.errors import KitError

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
REMEMBERED = """
CREATE TABLE IF NOT EXISTS uploads (
    assignment TEXT NOT NULL,
    student TEXT NOT NULL,
    digest TEXT NOT NULL,
    way TEXT NOT NULL,
    names TEXT NOT NULL,
    settled INTEGER NOT NULL,
    packed TEXT NOT NULL,
    PRIMARY KEY (assignment, student, digest)
);
CREATE TABLE IF NOT EXISTS written (
    path TEXT PRIMARY KEY,
    cause TEXT NOT NULL,
    files TEXT NOT NULL
)
"""  # what only saves time: a kit without it reads the same gradebook


class Database:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

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
        if version not in (0, VERSION):
            raise KitError(
                f"The gradebook {self.path} has version {version}; this kit reads version "
                f"{VERSION}. Use the kit's version that wrote it, or another --gradebook."
            )
        if not self.connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'written'"
        ).fetchone():
            with self._transaction() as connection:
                for statement in REMEMBERED.split(";"):
                    connection.execute(statement)

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


ROOM = "Make room on the disk and run the same command again: nothing that was finished is lost."
_ADVICE = (
    "Put it aside and grade again into a new one (the results folder still holds every result), "
    "or restore a copy."
)
