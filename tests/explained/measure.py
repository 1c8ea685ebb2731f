"""How many wrong answers of the bank are explained, and whether what is said of them is true.

python -m tests.explained.measure [--fresh] [NN ...]

--fresh: the bank that was written when the steps were there already, by somebody who had not seen
them, and that nothing was changed for.
"""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass

from autograder.checker.finding import Finding
from autograder.course.course import Course
from autograder.course.secret import Secret
from autograder.grading.judges import Streams
from tests.desk import ROOT
from tests.explained.cases import bank, fresh
from tests.explained.cases.case import Case
from tests.explained.subjects import subject

SECRET = Secret(b"the inputs of these are not secret", ROOT)


@dataclass(frozen=True)
class Said:
    """What the grader says of a case's wrong functions."""

    case: Case
    sentences: tuple[str, ...]  # of causes with a name

    @property
    def named(self) -> tuple[bool, ...]:
        """Which of the case's slips are said."""
        return self.case.named(" ".join(self.sentences)) or (False,)

    @property
    def explained(self) -> bool:
        """Whether everything that was done is said."""
        return bool(self.sentences) and all(self.named)

    @property
    def false(self) -> bool:
        """Whether a sentence says what was not done."""
        return any(not any(self.case.named(sentence)) for sentence in self.sentences)


@functools.cache
def streams(number: str) -> Streams:
    """The judges of an assignment, with all that they know."""
    course = Course.find(ROOT)
    return Streams(course, course.assignment(number), SECRET)


def said(number: str, case: Case, stream: int = 0) -> Said:
    """Judge a case, and hear what is said of its wrong functions."""
    known = streams(number)
    judge = known[stream]
    implementation = subject(known.course, known.assignment, case)
    checks = [
        check
        for check in judge.checks
        if check.of in case.functions and check.kind not in ("cost", "learning")
    ]
    found = judge.run(implementation, checks)
    return Said(case, tuple(dict.fromkeys(filter(None, map(_cause, found.values())))))


def _cause(finding: Finding) -> str:
    if finding.passed or finding.diagnosis is None or finding.diagnosis.id is None:
        return ""
    return f"{finding.diagnosis.text} {finding.diagnosis.part}".rstrip()  # as students read it


def main(numbers: list[str]) -> None:
    """Print a table by assignment, and each case that is not explained or falsely."""
    rows = []
    cases_by_number = fresh() if "--fresh" in numbers else bank()
    numbers = [number for number in numbers if number != "--fresh"]
    for number, cases in cases_by_number.items():
        if numbers and number not in numbers:
            continue
        count = dict.fromkeys(("single", "pair", "novel"), 0)
        whole = dict.fromkeys(count, 0)
        false = 0
        for case in cases:
            heard = said(number, case)
            count[case.kind] += 1
            whole[case.kind] += heard.explained
            false += heard.false
            if not heard.explained or heard.false:
                mark = "FALSE" if heard.false else "-"
                print(f"{mark:6}{number} {case.kind:6} {case.name}: {case.did}")
                for sentence in heard.sentences:
                    print(f"{'':8}says: {sentence}")
        rows.append((number, count, whole, false))
    print(f"{'':4}{'singles':>10}{'pairs':>10}{'novel':>8}{'false':>8}")
    for number, count, whole, false in rows:
        one, two = (f"{whole[k]}/{count[k]}" for k in ("single", "pair"))
        print(f"{number:4}{one:>10}{two:>10}{count['novel']:>8}{false:>8}")
    for kind in ("single", "pair"):
        got, of = (sum(row[k][kind] for row in rows) for k in (2, 1))
        print(f"{kind}s explained: {got} of {of} ({got / max(of, 1):.0%})")


if __name__ == "__main__":
    main(sys.argv[1:])
