"""A result in otter's own classes: one question a function, one test case a check."""

from __future__ import annotations

from typing import Any

from otter.test_files.abstract_test import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    TestCase,
    TestCaseResult,
)
from otter.test_files.exception_test import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
    ExceptionTestFile,
)

from autograder.documents.results import CheckResult, Result
from autograder.integrations.gradescope.document import DAGGER, overview
from autograder.report.words import explain, visible


def fill(results: Any, result: Result, disclosure: str) -> None:
    """Replace what otter's kernel found by what the jail did."""
    results.clear_results()
    scores = function_scores(result)
    for function, worth in result.functions.items():
        checks = result.of(function)
        cases = _cases(checks, worth, hidden=disclosure == "none")
        question = ExceptionTestFile(function, function, cases, all_or_nothing=False)
        question.test_case_results = [
            TestCaseResult(test_case=case, message=_message(check, disclosure), passed=check.passed)
            for case, check in zip(cases, checks, strict=False)
        ]
        question.update_score(scores[function])
        results.results[function] = question
    results.set_output(overview(result, disclosure))


def function_scores(result: Result) -> dict[str, float]:
    """Points by function, rounded so that their sum is the result's score."""
    scores = {
        function: round(sum(check.points for check in result.of(function)), 2)
        for function in result.functions
    }
    if rest := round((result.score or 0.0) - sum(scores.values()), 2):
        most = max(scores, key=lambda function: scores[function])
        scores[most] = round(scores[most] + rest, 2)
    return scores


def _cases(checks: tuple[CheckResult, ...], worth: float, *, hidden: bool) -> list[Any]:
    """Test cases whose points sum to what the function is worth."""
    titles = [visible(check.title) for check in checks] or ["not graded"]
    weights = [check.max_points for check in checks] or [worth]
    weights[-1] = worth - sum(weights[:-1])
    return [
        TestCase(
            name=title,
            body="",
            hidden=hidden,
            points=points,
            success_message=None,
            failure_message=None,
        )
        for title, points in zip(titles, weights, strict=True)
    ]


def _message(check: CheckResult, disclosure: str) -> str:
    if check.passed:
        return f"✓ {DAGGER}" if check.upstream == "reference" else "✓"
    text = explain(check, "full" if check.visibility == "public" else disclosure)
    return f"✗ {visible(text).strip()}"
