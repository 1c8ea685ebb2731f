"""What check.py prints. Pure functions from progress to lines of at most 80 columns."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO

from autograder.checker.finding import PHRASES, WIDTH, Finding, cut, has_name, wrap
from autograder.checker.outcome import Verdict
from autograder.student.progress import GREY, Progress
from autograder.student.workspace import Workspace

GREEN, RED, DIM, BOLD, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"


@dataclass(frozen=True)
class Style:
    """How to mark things: glyphs that the terminal's encoding has, colours if it wants them."""

    colour: bool = False
    unicode: bool = True

    @classmethod
    def of(cls, stream: TextIO) -> Style:
        """The style for a stream: no colours without a terminal or with NO_COLOR."""
        try:
            "✓✗·§".encode(stream.encoding or "ascii")
            has_glyphs = True
        except (UnicodeEncodeError, LookupError):
            has_glyphs = False
        return cls(stream.isatty() and not os.environ.get("NO_COLOR"), has_glyphs)

    def glyph(self, findings: Iterable[Finding]) -> str:
        """✓ all right, · nothing there yet, ✗ something wrong."""
        findings = list(findings)
        if findings and all(finding.passed for finding in findings):
            return self.paint("✓" if self.unicode else "+", GREEN)
        if all(finding.passed or finding.verdict in GREY for finding in findings):
            return self.paint("·" if self.unicode else ".", DIM)
        return self.paint("✗" if self.unicode else "x", RED)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour, if colours are on."""
        return f"{colour}{text}{PLAIN}" if self.colour else text


def heading(progress: Progress, style: Style) -> str:
    """`03_layernorm  Layer normalisation   5 of 9 checks`."""
    count = f"{progress.passed} of {len(progress.findings)} checks"
    name = progress.assignment.name
    title = progress.assignment.record.title[: WIDTH - len(name) - len(count) - 6]
    gap = " " * max(2, WIDTH - len(name) - len(title) - len(count) - 2)
    return f"{style.paint(name, BOLD)}  {title}{gap}{count}"


def report(progress: Progress, workspace: Workspace, style: Style) -> list[str]:
    """An assignment's state: a line a function, the first failure in full, then what to do."""
    lines = [heading(progress, style)]
    for name in dict.fromkeys(check.of for check in progress.assignment.checks):
        found = progress.of(name)
        count = f"{sum(finding.passed for finding in found)}/{len(found)}"
        given = "" if progress.assignment.exercise(name) else "  (given)"
        lines.append(f"  {style.glyph(found)} {name:<38} {count:>6}{given}")
    for name in progress.borrowed:
        lines += wrap(f"Below it: the released solution of {name}, since yours has open checks.")
    failure, exercise = progress.first_failure(), progress.next_exercise()
    if progress.done or failure is None or exercise is None:
        return [*lines, "", *done(progress)]
    lines += ["", *in_full(progress, failure, style)]
    others = [f for f in progress.findings.values() if not f.passed and f.check != failure.check]
    shown = [f for f in others if f.verdict not in GREY][:8]
    if shown:
        lines += ["", "Other checks that fail:", *in_lines(shown, failure, style)]
    path, line = workspace.line_of(progress.assignment.record.contract.package, exercise)
    number = progress.assignment.number
    section = f"handout section {exercise.number}" if exercise.number else "the handout"
    lines += ["", f"Next: {exercise.name} ({section})", f"  in {path}, line {line}"]
    return [*lines, f"Stuck? python check.py {number} --hint"]


def done(progress: Progress) -> list[str]:
    """What to do when all is green."""
    number, deadline = progress.assignment.number, progress.assignment.record.deadline
    return [
        "All public checks pass. Hidden ones use other inputs and look closer.",
        f"To hand in: python check.py {number} --zip",
        *(wrap(f"Due {deadline.words}.", "") if deadline else ()),
    ]


def in_full(progress: Progress, finding: Finding, style: Style) -> list[str]:
    """One finding with everything that is known of it."""
    title = f"{finding.function}: {finding.title}"
    lines = wrap(f"{style.glyph([finding])} {title}", "")
    if finding.verdict is Verdict.NOT_IMPLEMENTED:
        return lines + wrap(finding.details or "not implemented yet")
    return lines + finding.text("full", progress.assignment.record.sections).split("\n")


def in_lines(findings: Iterable[Finding], first: Finding, style: Style) -> list[str]:
    """Findings in a line each, below the first, which was told in full; a cause is told once."""
    lines = []
    end = "…" if style.unicode else "~"
    told = {_cause(first)}
    for finding in findings:
        cause = _cause(finding)
        what = PHRASES[finding.verdict]
        if cause and cause in told:
            what = "the same cause"
        elif cause and has_name(cause[1]):
            what = cause[1].replace("_", " ")
        elif finding.diagnosis and cause:
            what = cut(finding.diagnosis.text, WIDTH // 2, end)
        told.add(cause)
        text = cut(f"{finding.function}: {finding.title}", WIDTH - 6 - len(what), end)
        lines.append(f"  {style.glyph([finding])} {text}  {style.paint(what, DIM)}")
    return lines


def _cause(finding: Finding) -> tuple[str, str] | None:
    cause = finding.diagnosis
    return (finding.function, cause.id) if cause and cause.id else None


def course(all_progress: Iterable[Progress], style: Style) -> list[str]:
    """The whole course, a line an assignment, and one more where there is a deadline."""
    lines = []
    for progress in all_progress:
        full, whole = progress.passed, len(progress.findings)
        filled = round(10 * full / whole) if whole else 0
        bar = ("█" if style.unicode else "#") * filled + ("░" if style.unicode else "-") * (
            10 - filled
        )
        mark = style.glyph(progress.findings.values())
        name, title = progress.assignment.name, progress.assignment.record.title
        line = f" {name:<22} {bar} {full:>3}/{whole:<3} "
        lines.append(f"{mark}{line}{title[: WIDTH - len(line) - 1]}".rstrip())
        if deadline := progress.assignment.record.deadline:
            lines += wrap(f"due {deadline.words}", " " * 4)
    return lines


def welcome() -> list[str]:
    """What the first run says of itself."""
    return [
        "Welcome. Each assignment asks for a few functions in transformer/; this command",
        "runs the public checks on what you wrote and says what is next.",
        "  python check.py --watch   checks again whenever you save",
        "  python check.py --hint    one hint more for the function that you are at",
        "  python check.py --list    the whole course at a glance",
        "",
    ]


def say(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """Print lines; a character that the console can't show never stops the run."""
    out = stream or sys.stdout
    for line in lines:
        try:
            print(line, file=out)
        except UnicodeEncodeError:
            encoding = out.encoding or "ascii"
            print(line.encode(encoding, "replace").decode(encoding), file=out)
    out.flush()
