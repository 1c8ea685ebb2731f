"""Grades one shard of uploads in a process of its own; a cluster's worker starts it.

On stdin: the lengths of a parcel and of a shard on one line, then both. On stdout: a line of JSON
for each submission. Stdin stays open as long as somebody waits for the answer; when it closes,
this process and its jails end.
"""

import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is imported

from autograder.course.course import Course  # noqa: E402
from autograder.documents.results import to_json  # noqa: E402
from autograder.errors import KitError  # noqa: E402
from autograder.grading.conditions import Settings  # noqa: E402
from autograder.grading.workers import OneProcess  # noqa: E402
from autograder.integrations.bundle import COURSE  # noqa: E402
from autograder.integrations.cluster.parcel import decode, unpack, unpack_shard  # noqa: E402
from autograder.uploads.submission import Submission, digest_of  # noqa: E402


def main() -> int:
    """Grade what stdin brings."""
    first, second = map(int, sys.stdin.buffer.readline().split())
    parcel, packed = _exactly(sys.stdin.buffer, first), _exactly(sys.stdin.buffer, second)
    with tempfile.TemporaryDirectory(prefix="autograder-shard-") as folder:  # mode 0700
        home = Path(folder)
        threading.Thread(target=_watch, args=(sys.stdin.buffer, home), daemon=True).start()
        try:
            _grade(unpack(parcel), packed, home)
        except KitError as error:
            print(json.dumps({"refused": str(error)}), flush=True)
    return 0


def _grade(parcel: dict[str, Any], packed: bytes, home: Path) -> None:
    for name, content in parcel["files"].items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(decode(content))
    secret = home / "secret"
    secret.write_bytes(decode(parcel["secret"]))
    secret.chmod(0o600)
    os.environ["AUTOGRADER_SECRET_FILE"] = str(secret)
    course = Course.find(home / COURSE)
    assignment = course.assignment(parcel["assignment"])
    settings = Settings(parcel["upstream"], parcel["isolation"])
    submissions = [
        Submission(str(place), str(place), one.files, digest_of(one.files))
        for place, one in enumerate(unpack_shard(packed))
    ]
    with OneProcess(course, assignment, settings) as workers:
        for submission, result in workers.run(iter(submissions)):
            line = {"place": int(submission.id), "result": json.loads(to_json(result))}
            print(json.dumps(line), flush=True)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    block = stream.read(count)
    if len(block) != count:
        raise SystemExit("the shard was cut short")
    return block


def _watch(stream: IO[bytes], home: Path) -> None:
    """Nobody waits any more when stdin closes: leave nothing behind, then go."""
    import shutil

    while os.read(stream.fileno(), 4096):
        pass
    shutil.rmtree(home, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
