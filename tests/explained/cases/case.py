"""One wrong answer, and what a true explanation of it says."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = ("single", "pair", "novel")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A slip (or two, or a fault that has no name) in some functions of an assignment.

    `code` is appended to the reference's file; it may also replace functions that stay right, such
    as the forward of a wrong backward. `functions` are the wrong ones.
    """

    name: str
    functions: tuple[str, ...]  # all of one file
    kind: str  # one of KINDS
    did: str  # what was done, in one true sentence
    code: str
    says: tuple[str, ...] = ()  # regexes: a true sentence on the slip holds one; single only
    says_both: tuple[tuple[str, ...], ...] = ()  # the same for each of two slips; pair only

    def named(self, sentence: str) -> tuple[bool, ...]:
        """Which of the case's slips a sentence can be meant for: one answer for each slip."""
        slips = self.says_both or ((self.says,) if self.says else ())
        return tuple(
            any(re.search(pattern, sentence, re.IGNORECASE) for pattern in patterns)
            for patterns in slips
        )
