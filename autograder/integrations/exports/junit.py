"""JUnit XML: a suite for each submission that counts, a case for each check. For CI and plots."""

from __future__ import annotations

from xml.etree import ElementTree

from autograder.documents.results import CheckResult, Result
from autograder.integrations.exports.sheet import Sheet
from autograder.report.words import explain, points, visible


def junit(sheet: Sheet) -> str:
    """Failures say as much as the course discloses to students."""
    root = ElementTree.Element("testsuites", name=_text(sheet.course.title))
    for (_, _), result in sorted(sheet.results.items()):
        root.append(_suite(result, sheet.course.feedback.disclosure))
    counts = [(int(suite.get("tests", "0")), int(suite.get("failures", "0"))) for suite in root]
    root.set("tests", str(sum(tests for tests, _ in counts)))
    root.set("failures", str(sum(failures for _, failures in counts)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(
        root, encoding="unicode"
    )


def _suite(result: Result, disclosure: str) -> ElementTree.Element:
    cases = [_case(check, result, disclosure) for check in result.checks]
    if not cases:  # refused, or the grader failed before any check
        cases = [_whole(result)]
    suite = ElementTree.Element(
        "testsuite",
        name=f"{result.assignment}/{_text(result.student)}",
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
    )
    if disclosure == "full":  # how long something takes can tell what it was given
        suite.set("time", f"{result.seconds:.3f}")
    if result.graded_at is not None:
        suite.set("timestamp", result.graded_at.replace(microsecond=0, tzinfo=None).isoformat())
    properties = ElementTree.SubElement(suite, "properties")
    values = {
        "attempt": str(result.attempt),
        "raw_score": "" if result.raw_score is None else points(result.raw_score),
        "score": "" if result.score is None else points(result.score),
        "max_score": f"{result.max_score:g}",
    }
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=value)
    suite.extend(cases)
    return suite


def _case(check: CheckResult, result: Result, disclosure: str) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase",
        classname=f"{result.assignment}.{check.function}",
        name=_text(check.title),
    )
    if disclosure == "full":
        case.set("time", f"{check.seconds:.6f}")
    if not check.passed:
        kind = "error" if check.verdict == "grader_error" else "failure"
        problem = ElementTree.SubElement(case, kind, type=check.verdict)
        seen = "full" if check.visibility == "public" else disclosure
        problem.text = _text(explain(check, seen)) if kind == "failure" else "the grader failed"
        problem.set("message", (problem.text or check.verdict).splitlines()[0])
    return case


def _whole(result: Result) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=result.assignment, name="the upload")
    kind = "failure" if result.status == "refused" else "error"
    reason = _text(result.reason) if kind == "failure" else "the grader failed"
    ElementTree.SubElement(case, kind, type=result.status, message=reason)
    return case


def _text(text: str) -> str:
    """Text that XML may hold: no control characters, no lone surrogates."""
    return visible(text).encode("utf-8", "replace").decode("utf-8")
