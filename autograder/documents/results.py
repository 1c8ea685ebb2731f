"""The result of grading one submission: the document that every report and export is made from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from autograder.documents.schema import decode, encode
from autograder.errors import KitError

SCHEMA = 2
OURS = ("wrong_value", "not_finite", "timeout", "out_of_memory", "skipped")
Status = Literal["graded", "refused", "grader_error"]


@dataclass(frozen=True)
class Diagnosis:
    """The cause of a wrong answer. `id` names a misconception, null where the cause is unknown."""

    id: str | None
    text: str
    section: str = ""
    """The handout's section that treats it, such as "3.3"."""
    part: str = ""
    """What it leaves open, where it explains a part of the check's failure."""


@dataclass(frozen=True)
class CheckResult:
    """How one check ended. `message` holds no values of ours, `details` does.

    Both, and `warnings`, may hold words that the submission chose, and are for instructors; `told`
    is what students read of a hidden check under the disclosure "cause".
    """

    name: str
    function: str
    title: str
    visibility: Literal["hidden", "public"]
    weight: float
    points: float
    max_points: float
    verdict: str
    message: str = ""
    details: str = ""
    diagnosis: Diagnosis | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    upstream: Literal["own", "reference"] = "own"
    """Whose lower functions it was judged on: the submission's own, or the reference's."""
    told: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "passed"

    @property
    def cause(self) -> tuple[str, str] | None:
        """What checks that failed for one cause have in common; None without a diagnosis."""
        found = self.diagnosis
        return None if found is None else (self.function, found.id or found.text)


@dataclass(frozen=True)
class ReviewNote:
    """Something in the code that a person should look at. For instructors only; costs no points."""

    kind: str
    """complex_step, finite_difference, own_forward, gradient_check, literal_table, which_check,
    import or published."""
    file: str
    line: int
    code: str
    """The line's text."""
    message: str
    function: str = ""
    """The function that the line lies in."""


@dataclass(frozen=True)
class Handed:
    """What was handed in."""

    name: str
    digest: str
    submitted_at: datetime | None = None
    late: bool = False
    """The learning platform marked it as late (the policy goes by `submitted_at`)."""
    notes: tuple[str, ...] = ()
    """What the student should know about the upload: files that were left out, and why."""


@dataclass(frozen=True)
class Adjustment:
    """Points that a person or the late policy added or took."""

    kind: Literal["late", "manual"]
    points: float
    reason: str
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class IsolationReached:
    """How the submission's code was kept apart."""

    level: str
    layers: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " + ".join(self.layers) or self.level or "none"


@dataclass(frozen=True)
class Versions:
    """What graded it."""

    kit: str
    python: str
    numpy: str
    platform: str


@dataclass(frozen=True)
class Result:
    """One submission's result. A fault of the grader's own has no score: no student's zero."""

    assignment: str
    assignment_title: str
    assignment_digest: str
    student: str
    members: tuple[str, ...]
    submission: Handed
    status: Status
    raw_score: float | None
    score: float | None
    max_score: float
    versions: Versions
    isolation: IsolationReached | None = None
    attempt: int = 0
    counted_attempt: int = 0
    """The attempt that counts, where that is another one; else 0."""
    adjustments: tuple[Adjustment, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    functions: Mapping[str, float] = field(default_factory=dict)
    """Points that each function is worth, in the assignment's order."""
    reason: str = ""
    """Why it was refused, or what went wrong in the grader."""
    log: str = ""
    """What the student's code printed on hidden checks, capped. For instructors only."""
    printed: str = ""
    """What it printed on the public checks, capped: students read it."""
    review: tuple[ReviewNote, ...] = ()
    """What a reader of the code should look at. For instructors only."""
    upstream: Literal["best", "own"] = "best"
    seconds: float = 0.0
    graded_at: datetime | None = None
    schema: int = SCHEMA

    @property
    def checks_passed(self) -> int:
        return sum(check.passed for check in self.checks)

    def of(self, function: str) -> tuple[CheckResult, ...]:
        """The checks of one function."""
        return tuple(check for check in self.checks if check.function == function)


def to_json(result: Result) -> str:
    """The document; its keys are the fields above, `schema` first, each on a line of its own."""
    plain = encode(result)
    compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = [f' "schema": {plain.pop("schema")}']
    for key, value in plain.items():
        if key == "checks" and value:
            lines.append(' "checks": [\n  ' + ",\n  ".join(map(compact, value)) + "\n ]")
        else:
            lines.append(f' "{key}": {compact(value)}')
    return "{\n" + ",\n".join(lines) + "\n}"


def from_json(text: str | bytes, source: object = "result") -> Result:
    """Read a document back. KitError where it is not one, or of another schema version."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise KitError(f"{source} is no JSON document: {error}.") from error
    version = data.get("schema") if isinstance(data, dict) else None
    if version == 1:
        data = _of_version_1(data)
    elif version != SCHEMA:
        raise KitError(
            f"{source} has schema version {version!r}; this kit reads versions 1 and {SCHEMA}. "
            "Grade it again, or use the kit's version that wrote it."
        )
    return decode(Result, data, source)


def _of_version_1(data: dict[str, Any]) -> dict[str, Any]:
    """A document from before students' and instructors' words were kept apart.

    Only messages in which nothing was chosen by the code are told to students again.
    """
    checks = [
        {**check, "told": check.get("message", "") if check.get("verdict") in OURS else ""}
        for check in data.get("checks", ())
    ]
    return {**data, "schema": SCHEMA, "checks": checks}


def read(path: Path) -> Result:
    """A result file."""
    try:
        return from_json(path.read_bytes(), path)
    except OSError as error:
        raise KitError(f"{path} can't be read: {error.strerror}.") from error
