"""Feedback files, and the words that reports share."""

from dataclasses import replace

import pytest

from autograder.documents.results import CheckResult, Diagnosis
from autograder.report.feedback import feedback
from autograder.report.grades import cell
from autograder.report.words import (
    explain,
    explain_once,
    fenced,
    markdown,
    points,
    visible,
)
from tests.documents.builders import result


def test_students_text_can_do_nothing_in_feedback():
    nasty = "</code><script>alert(1)</script> ``` [x](javascript:1) \x1b[2J\u202e"
    bad = result(
        student="*<i>ada</i>*",
        log=nasty + "\n```\n# heading",
        checks=(replace(result().checks[0], message=nasty, details=nasty),),
    )
    text = feedback(bad, "full")
    outside, inside = [], False
    fence = ""
    for line in text.splitlines():
        if not inside and line.strip().startswith("```"):
            inside, fence = True, line.strip().removesuffix("text")
        elif inside and line.strip() == fence:
            inside = False
        elif not inside:
            outside.append(line)
    assert "<script>" not in "\n".join(outside)
    assert "<i>" not in "\n".join(outside)
    assert "# heading" not in outside
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_feedback_keeps_raw_score_and_adjustments_apart():
    text = feedback(result(raw_score=3.0, score=3.5), "cause")
    assert "**3.5 / 4**" in text
    assert "- checks: 3.0" in text
    assert "- adjustment: +0.5 (kindness, me)" in text


def test_feedback_blames_nobody_for_the_graders_fault():
    text = feedback(result(status="grader_error", score=None, reason="Traceback …"), "full")
    assert "not your fault" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("a=1", "a=1"),
    ],
)
def test_cells_that_spreadsheets_would_run(text, expected):
    assert cell(text) == expected


def test_small_words():
    assert (points(10), points(6.67), points(0.25), points(2 / 3)) == (
        "10.0",
        "6.67",
        "0.25",
        "0.67",
    )
    assert visible("a\tb\x00\nc") == "a    b\\x00\nc"
    assert markdown("a\n# <b> *x*") == "a # &lt;b&gt; \\*x\\*"
    assert fenced("````").startswith("`````text")


def test_a_cause_is_told_once_and_what_it_leaves_open_at_every_check():
    def failed(name, part="", cause="It averages; the gradient sums."):
        found = Diagnosis("averages", cause, "3.4", part)
        return CheckResult(
            name, "layernorm_backward", name, "hidden", 1, 0, 1, "wrong_value", "", "", found
        )

    part = "That explains dgamma. Something else is wrong too, in dx."
    checks = [failed("one"), failed("two", part), failed("three")]
    texts = explain_once(checks, lambda _: "cause")
    told = " ".join(" ".join(texts.values()).split())
    assert told.count("It averages") == 1
    assert "It costs 3 checks, 3.0 points." in texts["one"]
    assert "Something else" not in texts["one"] + texts["three"]
    assert part in " ".join(texts["two"].split())
    assert texts["three"].endswith("The same cause as above.")


def test_what_explains_a_part_does_not_say_that_it_is_all():
    found = Diagnosis("averages", "It averages.", "3.4", "Something else is wrong too, in dx.")
    check = CheckResult("one", "f", "one", "hidden", 1, 0, 1, "wrong_value", "", "", found)
    text = explain(check, "cause")
    assert "A known slip gives a part of this: It averages." in text
    assert "Something else is wrong too, in dx." in text
    assert "exactly" not in text
