"""What travels to a machine of the cluster, and what comes back: JSON, packed, never pickled."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import autograder
from autograder.course.course import Assignment, Course
from autograder.grading.conditions import Settings
from autograder.integrations.bundle import course_files, secret_for
from autograder.uploads.submission import Submission

FIRST, MOST = 4, 32  # submissions in a shard: few at first, so that all cores begin at once
MOST_BYTES = 4_000_000


def parcel(course: Course, assignment: Assignment, settings: Settings) -> bytes:
    """One assignment to grade elsewhere: its course, its inputs' key, and how to grade."""
    return pack(
        {
            "assignment": assignment.name,
            "upstream": settings.upstream,
            "isolation": settings.isolation,
            "secret": encode(secret_for(course, assignment)),
            "files": {name: encode(content) for name, content in course_files(course, assignment)},
        }
    )


def shards(submissions: Iterable[Submission], cores: int) -> Iterator[list[Submission]]:
    """Submissions in order: 4 in each of the first shards, then 8, 16, 32; at most 4 MB of files.

    Starting the command for a shard costs as much as grading a dozen submissions, so large batches
    have large shards; small ones still keep all cores busy.
    """
    shard: list[Submission] = []
    size = count = 0
    for submission in submissions:
        weight = sum(map(len, submission.files.values()))
        most = min(MOST, FIRST * 2 ** (count // cores))
        if shard and (len(shard) >= most or size + weight > MOST_BYTES):
            yield shard
            shard, size, count = [], 0, count + 1
        shard.append(submission)
        size += weight
    if shard:
        yield shard


def pack_shard(submissions: Sequence[Submission]) -> bytes:
    """Only what grading looks at: no student's name, no time of hand-in."""
    return pack([{name: encode(text) for name, text in one.files.items()} for one in submissions])


@dataclass(frozen=True)
class Files:
    """One packed submission, unpacked again."""

    files: Mapping[str, bytes]


def unpack_shard(packed: bytes) -> list[Files]:
    """The submissions of `pack_shard`."""
    return [Files({name: decode(text) for name, text in one.items()}) for one in unpack(packed)]


def engine_digest() -> str:
    """The same on two machines where the same engine is installed."""
    home = Path(autograder.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(home.rglob("*.py")):
        name = path.relative_to(home).as_posix()
        if name.startswith("hidden/"):  # a course's, which travels
            continue
        content = path.read_bytes()
        whole.update(f"{name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()


def encode(block: bytes) -> str:
    return base64.b85encode(block).decode()


def decode(text: str) -> bytes:
    return base64.b85decode(text)


def pack(value: Any) -> bytes:
    return gzip.compress(json.dumps(value).encode(), 1)


def unpack(packed: bytes) -> Any:
    return json.loads(gzip.decompress(packed))
