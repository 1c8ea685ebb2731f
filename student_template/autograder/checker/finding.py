"""What the judge found in one check: a verdict, a symptom, and a cause where one is known."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.checker.outcome import ImplementationRaised, Verdict

WIDTH = 80

PHRASES = {
    Verdict.PASSED: "right",
    Verdict.WRONG_VALUE: "wrong values",
    Verdict.WRONG_SHAPE: "wrong shape",
    Verdict.WRONG_TYPE: "wrong type",
    Verdict.NOT_FINITE: "NaN or infinite values",
    Verdict.MUTATED_INPUT: "changed its argument",
    Verdict.RAISED: "raised an exception",
    Verdict.NOT_IMPLEMENTED: "not implemented yet",
    Verdict.MISSING: "the function is missing",
    Verdict.TIMEOUT: "took too long",
    Verdict.OUT_OF_MEMORY: "used too much memory",
    Verdict.CRASHED: "the Python process died",
    Verdict.BAD_OUTPUT: "gave something that can't be used",
    Verdict.TOO_COSTLY: "far more work than a derived gradient takes",
    Verdict.SKIPPED: "not run",
    Verdict.GRADER_ERROR: "the grader failed here: this is not your fault, and no mark is lost",
}


@dataclass(frozen=True)
class Diagnosis:
    """`id` is a misconception's name, or None where `text` tells a symptom of unknown cause."""

    id: str | None
    text: str
    section: str = ""
    part: str = ""
    """What it leaves open, where it explains a part of one check's failure."""


@dataclass(frozen=True)
class Finding:
    """One check's verdict.

    `symptom` has no values of ours in it, `details` has. Both may hold words that the code chose;
    `told`, what students read of a hidden check, holds none.
    """

    check: str
    title: str
    function: str
    verdict: Verdict
    symptom: str = ""
    details: str = ""
    diagnosis: Diagnosis | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu: float = 0.0  # seconds; of cost checks only
    told: str = ""
    raised: ImplementationRaised | None = None
    candidates: tuple[str, ...] = ()
    unnamed: Diagnosis | None = None  # what is said where no candidate holds elsewhere

    @property
    def passed(self) -> bool:
        """Whether the check counts in full."""
        return self.verdict is Verdict.PASSED

    def text(self, disclosure: str = "full", sections: Mapping[str, str] | None = None) -> str:
        """What a student reads, at most 80 columns wide.

        disclosure: "full" (everything), "cause" (the symptom and the slip, nothing that the code
        said) or "none" (the verdict). sections: the handout's section numbers by anchor.
        """
        if self.passed:
            return ""
        phrase = f"{PHRASES[self.verdict]}."
        lines = [(self.symptom if disclosure == "full" else self.told) or phrase]
        if disclosure == "none":
            lines = [phrase]
        if disclosure == "full" and self.details:
            lines += ["  " + line for line in self.details.split("\n")]
        if disclosure != "none":
            lines += self._cause(sections or {})
        if disclosure == "full":
            lines += [f"Python warned: {line}" for line in self.warnings[:3]]
        return "\n".join(wrapped for line in lines for wrapped in wrap(line))

    def _cause(self, sections: Mapping[str, str]) -> list[str]:
        if self.diagnosis is None:
            return []
        if self.diagnosis.id is None:
            return [self.diagnosis.text]
        number = sections.get(self.diagnosis.section)
        lines = [f"A known slip gives exactly this: {self.diagnosis.text}"]
        if self.diagnosis.part:
            lines = [f"A known slip gives a part of this: {self.diagnosis.text}"]
            lines.append(self.diagnosis.part)
        return lines + ([f"Handout §{number}"] if number else [])


def has_name(cause: str) -> bool:
    """Whether a cause's id can be read: a slip's can, a change of a step is known by a sentence."""
    return "." not in cause


def cut(text: str, room: int, end: str = "…") -> str:
    """A text in so many characters; where it is longer, its end is left out and says so."""
    return text if len(text) <= room else text[: room - len(end)] + end


def wrap(line: str, indent: str = "  ") -> list[str]:
    """A line as several of at most 80 columns, each indented."""
    body = line.lstrip(" ")
    lead = indent + " " * (len(line) - len(body))
    return textwrap.wrap(
        body,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=lead + "  ",
        break_long_words=True,
        break_on_hyphens=False,
    )
