"""A result document with something in every part of it."""

from dataclasses import replace
from datetime import UTC, datetime

from autograder.documents.results import (
    Adjustment,
    CheckResult,
    Diagnosis,
    Handed,
    IsolationReached,
    Result,
    Versions,
)

DEADLINE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def result(student="ada", digest="d1", score=3.0, **changes):
    whole = Result(
        assignment="01_double",
        assignment_title="Twice <b>as</b> much",
        assignment_digest="a" * 64,
        student=student,
        members=(student, "bob"),
        submission=Handed("ada.zip", digest, DEADLINE, True, ("a note",)),
        status="graded",
        raw_score=score,
        score=score,
        max_score=4.0,
        versions=Versions("1", "3.11", "2.4", "Linux"),
        isolation=IsolationReached("landlock", ("uid", "landlock"), {"namespaces": "no"}),
        adjustments=(Adjustment("manual", 0.5, "kindness", "me", DEADLINE),),
        checks=(
            CheckResult(
                "test_a",
                "double",
                "a check",
                "hidden",
                1.0,
                0.0,
                1.0,
                "wrong_value",
                "y is wrong",
                "worst at [0]: yours 1, expected 2",
                Diagnosis("squares", "It squares.", "1.1"),
                ("RuntimeWarning: overflow",),
                0.25,
                "reference",
            ),
        ),
        functions={"double": 1.0},
        log="printed\n",
        graded_at=DEADLINE,
    )
    return replace(whole, **changes)
