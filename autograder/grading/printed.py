"""What a submission prints on the public checks: the only output of its own that comes back."""

import functools
import re
from collections.abc import Mapping, Sequence

from autograder.checker.declare import Check, load_checks
from autograder.checker.draw import public_seed
from autograder.checker.implementation import Implementation
from autograder.checker.key import run_probe
from autograder.course.course import Assignment
from autograder.errors import UsageProblem

WORDS = (b"print", b"stdout", b"stderr", b"write", b"logging")
# of these, whole words and calls: prose such as "students write" must not cost a second run
SPEAKS = re.compile(
    rb"\bp?print\b|\bprint_\w+|\bstd(out|err)\b|\.write(lines)?\s*\(|\bwrite\s*\(|\blogging\b"
)


def public_checks(assignment: Assignment) -> tuple[Check, ...]:
    """The public checks whose output is shown; those that train for seconds are left out."""
    path = assignment.public_checks
    if not path.is_file():
        return ()
    try:
        return tuple(check for check in load_checks(path) if check.kind != "learning")
    except Exception as error:
        raise UsageProblem(f"{path} can't be loaded: {type(error).__name__}: {error}.") from error


def may_print(files: Mapping[str, bytes]) -> bool:
    """Whether a look at the public checks is worth it: most submissions say nothing."""
    return any(map(_speaks, files.values()))


@functools.lru_cache(maxsize=256)  # half of a submission's files are as they were given
def _speaks(content: bytes) -> bool:
    return any(word in content for word in WORDS) and SPEAKS.search(content) is not None


def run_public(worker: Implementation, assignment: Assignment, checks: Sequence[Check]) -> None:
    """Run the public checks, whose inputs students have anyway, on a fresh worker.

    It ends with the first check that ends the process: what that printed is there by then.
    """
    for check in checks:
        if run_probe(check, worker, public_seed(assignment.name, check.name)).stopped:
            break
