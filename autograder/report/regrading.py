"""The report of a regrading: on the terminal, and as a Markdown file to keep."""

from autograder.checker.finding import PHRASES
from autograder.checker.outcome import Verdict
from autograder.gradebook.regrading import Change, CheckChange, Regraded
from autograder.report.words import markdown, points, visible

SHOWN = 40


def summary(report: Regraded) -> str:
    """One line: how many, and why."""
    count, changed = len(report.changes), len(report.marks)
    if not count:
        return "None of these submissions was ever graded again"
    why = " since the assignment changed" if report.assignment_changed else ""
    return (
        f"Graded again{why}: {count} submission{'s' if count != 1 else ''}, "
        f"{changed or 'no'} mark{'s' if changed != 1 else ''} changed"
    )


def regrading_lines(report: Regraded) -> list[str]:
    """For the terminal."""
    lines = [summary(report)]
    names = min(32, max([10, *(len(change.student) for change in report.marks)]))
    for change in report.marks[:SHOWN]:
        checks = ", ".join(f"{one.name} {_verdicts(one)}" for one in change.checks[:3])
        more = f" and {len(change.checks) - 3} more" if len(change.checks) > 3 else ""
        line = f"  {visible(change.student):{names}}  {_marks(change)}   {checks}{more}"
        lines.append(line.rstrip())
    if len(report.marks) > SHOWN:
        lines.append(f"  and {len(report.marks) - SHOWN} more: write them with --report FILE")
    if report.left_behind:
        lines.append(_left_behind(report))
    return lines


def regrading_report(report: Regraded) -> str:
    """As Markdown: every changed mark with every check that ended otherwise."""
    lines = [f"# {report.assignment}: what grading again has changed", "", f"{summary(report)}."]
    if report.marks:
        lines += ["", "| student | attempt | before | after | change |", "|---|---|---|---|---|"]
    for change in report.marks:
        difference = f"{change.after - change.before:+.2f}"
        lines.append(
            f"| {markdown(change.student)} | {change.attempt} | "
            f"{points(change.before)} / {change.max_before:g} | "
            f"{points(change.after)} / {change.max_after:g} | {difference} |"
        )
    for change in report.changes:
        if change.checks:
            lines += ["", f"## {markdown(change.student)}, attempt {change.attempt}", ""]
            lines += [
                f"- `{one.function}`: {markdown(one.title)}: {_verdicts(one)}"
                for one in change.checks
            ]
    if report.left_behind:
        lines += ["", _left_behind(report)]
    return "\n".join(lines) + "\n"


def _left_behind(report: Regraded) -> str:
    names = ", ".join(f"{student} (attempt {attempt})" for student, attempt in report.left_behind)
    return (
        f"Graded before the change, and they count: {visible(names)}. "
        "Their uploads were not among these; grade them too."
    )


def _marks(change: Change) -> str:
    before, after = points(change.before), points(change.after)
    if change.max_before != change.max_after:
        before += f" / {change.max_before:g}"
    return f"{before} → {after} / {change.max_after:g}"


def _verdicts(change: CheckChange) -> str:
    return f"{_verdict(change.before)} → {_verdict(change.after)}"


def _verdict(name: str | None) -> str:
    if name is None:
        return "not there"
    return PHRASES.get(Verdict(name), name.replace("_", " "))
