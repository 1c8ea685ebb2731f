"""Charts and the numbers behind them."""

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("jinja2")

from autograder.documents.results import CheckResult
from autograder.gradebook.marks import Mark
from autograder.gradebook.roster import Person
from autograder.report.pages.charts import Bar, box_rows, columns
from autograder.report.pages.checks import checks_of, functions_of
from autograder.report.pages.drawing import numbers, svg
from autograder.report.pages.measures import bins, spread, together
from autograder.report.pages.rows import Row
from autograder.report.pages.student import HELD_BACK, findings_of
from autograder.report.pages.times import hand_ins
from tests.documents.builders import result

DUE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def rows(*hours):
    return [
        Row(
            (Person(str(hour)),),
            Mark(
                "x",
                ("x",),
                "a",
                1,
                1,
                "graded",
                1.0,
                1.0,
                2.0,
                submitted_at=DUE + timedelta(hours=hour),
            ),
        )
        for hour in hours
    ]


def kinds(chart):
    return [(box.kind, box.tip.rpartition(" ")[2]) for box in chart.boxes]


def test_quartiles_lie_between_values():
    found = spread([4.0, 1.0, 2.0, 3.0])
    assert (found.lower, found.median, found.upper, found.mean) == (1.75, 2.5, 3.25, 2.5)
    assert spread([]) is None


def test_bins_hold_every_value_also_beyond_full_marks():
    found = bins([0.0, 1.9, 2.0, 20.0, 21.0, 0.3 * 20], 20.0)
    assert [count for *_, count in found] == [2, 1, 0, 1, 0, 0, 0, 0, 0, 2]


def test_a_correlation_needs_ten_and_something_that_varies():
    up = [float(k) for k in range(10)]
    assert together(up, up) == pytest.approx(1.0)
    assert together(up, up[::-1]) == pytest.approx(-1.0)
    assert together(up[:9], up[:9]) is None
    assert together([1.0] * 10, up) is None


def test_to_the_second_of_the_deadline_is_in_time():
    chart = hand_ins(rows(-3, -1, 0, 0.01), DUE, UTC)
    assert "1 after the deadline" in chart.words
    assert [number for kind, number in kinds(chart) if kind == "late"] == ["1"]
    assert any(line.kind == "deadline" for line in chart.lines)


def test_hand_ins_without_times_make_no_chart():
    (row,) = rows(1)
    object.__setattr__(row.mark, "submitted_at", None)
    assert hand_ins([row], DUE, UTC) is None
    assert "after" not in hand_ins(rows(1, 2), None, UTC).words


def test_few_late_ones_are_not_shown_apart():
    early = [-50, -40, -30, -20, -10, -5, -4]
    few = hand_ins(rows(*early, 1, 2), DUE, UTC, 5)
    assert "after the deadline" not in few.words
    assert {kind for kind, _ in kinds(few)} == {"bar"}
    assert not any(line.kind == "deadline" for line in few.lines)
    many = hand_ins(rows(*early, 1, 2, 3, 4, 5), DUE, UTC, 5)
    assert kinds(many) == [("bar", "7"), ("late", "5")]
    assert hand_ins(rows(-1, 1), DUE, UTC, 5) is None


def test_words_in_a_chart_stay_text():
    chart = columns("<b>", "a & b", [Bar(0, 1, 3, '"<i>"')], [(0.0, "</text>\u202e")])
    drawn = str(svg(chart, "c")) + str(numbers(chart))
    for bad in ("<b>", "<i>", "</text>\u202e", "\u202e", "a & b"):
        assert bad not in drawn
    assert "&lt;b&gt;" in drawn


def test_single_students_are_no_whiskers_where_nobody_should_be_recognised():
    found = spread([0.0, 0.5, 0.6, 1.0])
    assert any(line.kind == "whisker" for line in box_rows("t", "w", [("a", found)]).lines)
    hidden = box_rows("t", "w", [("a", found)], ends=False)
    assert not any(line.kind == "whisker" for line in hidden.lines)
    assert "lowest" not in hidden.header


def check(name, verdict, points, most=1.0, function="double"):
    return CheckResult(name, function, name, "hidden", 1.0, points, most, verdict)


def test_points_decide_what_counts_as_full():
    one = result(
        checks=(
            check("a", "wrong_value", 0.0),
            check("b", "passed", 0.0),  # counts only beside a right value
            check("c", "not_implemented", 0.0, function="other"),
            check("d", "timeout", 0.0),
            check("e", "passed", 1.0),
        ),
        functions={"double": 4.0, "other": 1.0},
    )
    kinds = {
        item.title: next(
            k for k in ("full", "partial", "none", "unwritten") if getattr(item.shares, k)
        )
        for item in checks_of([one])
    }
    assert kinds == {"a": "none", "b": "none", "c": "unwritten", "d": "none", "e": "full"}
    double, other = functions_of([one])
    assert (double.shares.partial, double.shares.timeouts) == (1, 1)
    assert (other.shares.unwritten, other.shares.timeouts) == (1, 0)


def test_a_gradient_that_is_not_derived_costs_its_other_checks_too():
    one = result(
        checks=(
            check("a", "passed", 0.1),
            check("b", "too_costly", 0.0),
            check("c", "passed", 0.1),
        ),
        functions={"double": 3.0},
    )
    (finding,) = findings_of(one, "cause")
    assert finding.lost == pytest.approx(2.8)
    assert [cost.title for cost in finding.costs] == ["b", HELD_BACK]
