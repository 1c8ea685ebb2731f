"""Result documents out of the gradebook, read quickly: thousands of them make a term."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from autograder.documents.results import (
    SCHEMA,
    CheckResult,
    Diagnosis,
    Handed,
    Result,
    ReviewNote,
    Versions,
    from_json,
)
from autograder.gradebook.marks import Mark


def read_counted(document: str, mark: Mark, source: object) -> Result:
    """A document as the result behind a mark, with the mark's lateness and adjustments in it.

    The kit wrote it, so its parts are taken as they are; what does not fit goes to the reader that
    says what is wrong with it.
    """
    try:
        data = json.loads(document)
        result = _taken(data) if data["schema"] == SCHEMA else from_json(document, source)
    except (ValueError, KeyError, TypeError, AttributeError):
        result = from_json(document, source)
    handed = replace(result.submission, submitted_at=mark.submitted_at)
    return replace(
        result,
        attempt=mark.attempt,
        counted_attempt=0,
        raw_score=mark.raw_score,
        score=mark.score,
        adjustments=mark.adjustments if mark.raw_score is not None else (),
        submission=handed,
    )


def _taken(data: dict[str, Any]) -> Result:
    checks = tuple(map(_check, data["checks"]))
    graded = data["graded_at"]
    return Result(
        **{
            **data,
            "members": tuple(data["members"]),
            "submission": Handed(
                **{
                    **data["submission"],
                    "submitted_at": None,  # the gradebook knows it
                    "notes": tuple(data["submission"]["notes"]),
                }
            ),
            "versions": Versions(**data["versions"]),
            "isolation": None,  # no page shows it
            "adjustments": (),  # worked out anew
            "checks": checks,
            "review": tuple(ReviewNote(**one) for one in data["review"]),
            "graded_at": datetime.fromisoformat(graded) if graded else None,
        }
    )


def _check(data: dict[str, Any]) -> CheckResult:
    """Some hundred thousand of them: the fields are put in place at once."""
    if cause := data["diagnosis"]:
        data["diagnosis"] = Diagnosis(**cause)
    data["warnings"] = tuple(data["warnings"])
    check = CheckResult.__new__(CheckResult)
    check.__dict__.update(data)
    return check
