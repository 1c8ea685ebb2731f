"""Name the causes of what is wrong in one function: slips that fit all of it, or say which part.

A slip is believed by what it does on all checks of its function: where the answer is right it must
be right too, and where the answer is wrong it must give that very answer. What it explains in part
is said to be a part; where nothing fits, nothing is named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from autograder.checker.bank import Misconception
from autograder.checker.compare import Expected
from autograder.checker.declare import Check
from autograder.checker.finding import Diagnosis
from autograder.checker.key import AnswerKey, rules
from autograder.checker.outcome import Outcome
from autograder.checker.runs import (
    CHANGED,
    FORM,
    Candidate,
    Cause,
    Cell,
    Look,
    Run,
    Suggests,
    diagnosis,
    neutral,
    root_of,
    telling,
)
from autograder.checker.slips import fitting, same_failure

UNKNOWN = "No slip that the kit knows fits."
MOST_HOPELESS = 6  # functions of one submission that nothing explains; pairs for half of them
MOST_CAUSES = 3
MOST_STRANGE = 3  # checks in which a slip shows and does not fit
MOST_LOOKS = 4  # checks of a function on which changes of steps are looked for

Search = Callable[[Look], Sequence[Misconception]]


class Causes:
    """Looks for the causes of one function's failures."""

    def __init__(
        self,
        key: AnswerKey,
        suggests: Suggests | None,
        runs: Sequence[Run],
        seen: dict[tuple[str, str], Sequence[str]],
        hopeless: int = 0,
    ) -> None:
        """`seen` remembers what slips get wrong, from one submission to the next.

        `hopeless` is the number of functions of this submission for which nothing was found: after
        a few, the search for more is not worth its time.
        """
        self.key = key
        self.suggests = suggests
        self._seen = seen
        self._hopeless_before = hopeless
        self.hopeless = False
        self.runs = runs
        self._neutral = {run.check.name for run in self.runs if neutral(run.check)}
        self.failed = sorted((run for run in self.runs if run.cells), key=self._order)
        self.cells: frozenset[Cell] = frozenset().union(*(run.cells for run in self.failed))
        self.weights = {run.check.name: run.check.weight for run in runs}
        self._telling = {cell for run in self.failed for cell in run.telling}
        self._shares = {cell for r in self.failed if not r.check.gated for cell in r.shares}
        self.candidates: dict[str, Candidate] = {}

    def named(self) -> dict[str, Cause]:
        """The causes that hold, by failed check."""
        chosen = self._chosen()
        more = any(leaf != FORM for _, leaf in self._open(chosen))
        found = {}
        for run in self.failed:
            explained = [one for one in chosen if one.fits & run.cells]
            said = diagnosis(self.key, run, explained, more) or self._unnamed(run, chosen)
            found[run.check.name] = Cause(tuple(one.name for one in explained), said)
        return found

    def _unnamed(self, run: Run, chosen: Sequence[Candidate]) -> Diagnosis | None:
        """What is said of a check that no cause explains: a symptom, or that nothing fits."""
        words = run.finding.unnamed
        if words is not None and words.text == UNKNOWN and chosen and not self._open(chosen):
            return None  # the cause is known; here it is drowned, by rounding or by a bound
        return words

    def _chosen(self) -> list[Candidate]:
        """The causes that explain most, what costs more first."""
        if not self.failed:
            return []
        self._try_all(self._bank())
        chosen = self._cover()
        if self.suggests is None or not self._open(chosen):
            return chosen
        if self._hopeless_before < MOST_HOPELESS:
            chosen = self._looked_closer(chosen, self.suggests)
        self.hopeless = not chosen
        return chosen

    def _looked_closer(self, chosen: list[Candidate], suggests: Suggests) -> list[Candidate]:
        """Changes of steps as well: single ones, then pairs, then a term's weight."""
        looks: list[tuple[Run, Look | None]] = []
        while len(looks) < MOST_LOOKS:
            asked, open_cells = [run for run, _ in looks], self._open(chosen)
            waiting = (r for r in self.failed if r not in asked and r.cells & open_cells)
            run = next(waiting, None)
            if run is None:
                break
            looks.append((run, self._look(run, suggests)))
            chosen = self._suggested(looks[-1][1], lambda look: look.singles())
            if not self._open(chosen):
                return chosen
            if not chosen and len(looks) > (self._hopeless_before == 0):
                break  # nothing fits anything: it would not elsewhere either
        if self._hopeless_before >= MOST_HOPELESS // 2:
            return chosen
        deeper: tuple[tuple[Search, int], ...] = (
            (lambda look: look.pairs(), 1),
            (lambda look: look.weights(), 2),
        )
        for search, most in deeper:
            for look in [one for run, one in looks if run.cells & self._open(chosen)][:most]:
                chosen = self._suggested(look, search)
                if not self._open(chosen):
                    return chosen
        return chosen

    def _order(self, run: Run) -> tuple[bool, bool, float]:
        """Ordinary values come first, and of these what shows and weighs most."""
        returned = run.outcome.outputs is not None
        return run.check.name in self._neutral, not returned, -run.check.weight

    def _look(self, run: Run, suggests: Suggests) -> Look | None:
        right = self.key.expected(run.check)
        with suppress(Exception):  # an explanation that can't be looked for costs nobody a mark
            return suggests.look(run.check, self.key.seed(run.check), right, run.outcome)
        return None

    def _suggested(self, look: Look | None, search: Search) -> list[Candidate]:
        """The causes that explain most, once the suggestions of a look are tried as well."""
        slips: Sequence[Misconception] = ()
        if look is not None:
            with suppress(Exception):  # as above
                slips = search(look)
        for slip in slips:
            if self.key.knows(slip):
                self._try_all([slip.name])
                candidate = self.candidates[slip.name]
                candidate.alone = slip.alone
                candidate.refuted |= slip.of_many and not telling(self.failed, candidate.fits)
                if candidate.fits and not candidate.refuted and self._whole(candidate):
                    break  # the likely ones come first
        return self._cover()

    def _bank(self) -> Iterator[str]:
        """The known slips that give some wrong output of some check.

        A slip that shows in three checks of ordinary values and gives nothing of what is wrong
        there is not looked at in more: it would explain a part at best, and looking takes time.
        """
        settled: set[str] = set()
        strangers: Counter[str] = Counter()
        for run in self.failed:
            names = [name for name in self.key.names(run.check) if name not in settled]
            outcomes = ((name, self.key.slip(run.check, name)) for name in names)
            slips = {name: outcome for name, outcome in outcomes if outcome is not None}
            fits = fitting(run.outcome, run.wrong, slips)
            yield from fits
            settled.update(fits)
            if run.check.name not in self._neutral:
                strangers.update(slips.keys() - fits.keys())
                settled.update(name for name, met in strangers.items() if met == MOST_STRANGE)

    def _try_all(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self.candidates:
                self.candidates[name] = self._tried(name)

    def _tried(self, name: str) -> Candidate:
        """What a slip does on each check, beside what was handed in."""
        candidate = Candidate(name, len(self.candidates))
        ordered = sorted(self.runs, key=lambda run: run.check.kind == "cost")
        for run in ordered:
            if run.check.kind == "learning" or candidate.refuted:
                continue
            if run.check.kind == "error" and run.finding.passed:
                continue  # guards are given: a slip is not written with them
            if not run.finding.passed and not run.cells:
                continue  # a death says nothing of values
            if run.check.kind == "cost" and run.finding.passed and candidate.fits:
                continue  # dear, and what passes there passes elsewhere
            slip = self.key.slip(run.check, name)
            if slip is not None:
                self._compared(run, slip, candidate)
        return candidate

    def _compared(self, run: Run, slip: Outcome, candidate: Candidate) -> None:
        if run.finding.passed:
            candidate.refuted = True
            return
        name, outcome = run.check.name, run.outcome
        if (
            outcome.outputs is None
            or slip.outputs is None
            or bool(slip.mutated) != bool(outcome.mutated)
        ):
            same = outcome.outputs is None and slip.outputs is None and same_failure(outcome, slip)
            (candidate.fits if same else candidate.clashes).update(run.cells)
            return
        same_too = fitting(outcome, run.wrong, {candidate.name: slip}).get(candidate.name, [])
        fits = {(name, leaf) for leaf in same_too}
        if outcome.mutated:
            fits.add((name, CHANGED))
        theirs = {(name, leaf) for leaf in self._wrong_leaves(run.check, candidate.name, slip)}
        mine = {(name, leaf) for leaf in run.wrong}
        if theirs - mine:
            candidate.refuted = True
        candidate.fits |= fits
        candidate.clashes |= (theirs & mine) - fits

    def _wrong_leaves(self, check: Check, name: str, slip: Outcome) -> Sequence[str]:
        """The outputs that a slip gets wrong: looked at once a batch."""
        if (check.name, name) not in self._seen:
            right = self.key.expected(check).outputs
            found: list[str] = []
            if right is not None and slip.outputs is not None:
                differences = Expected(right, rules(check)).differences(slip.outputs)
                found = [difference.name for difference in differences]
            self._seen[check.name, name] = found
        return self._seen[check.name, name]

    def _cover(self) -> list[Candidate]:
        """One cause for all where there is one; else those that together explain most."""
        pool = [one for one in self.candidates.values() if one.fits and not one.refuted]
        whole = [one for one in pool if self._whole(one)]
        if whole:
            return [min(whole, key=lambda one: (len(self._hard(one.clashes)), one.order))]
        parts = (self._believed(one) for one in pool if not one.alone)
        pool = [one for one in parts if one.fits]
        chosen: list[Candidate] = []
        covered: set[Cell] = set()
        while pool and len(chosen) < MOST_CAUSES:
            best = max(pool, key=lambda one: (self._weight(one.fits - covered), -one.order))
            if self._weight(best.fits - covered) == 0:
                break
            chosen.append(best)
            covered |= best.fits
            pool.remove(best)
        return sorted(chosen, key=lambda one: -self._weight(one.fits))

    def _whole(self, one: Candidate) -> bool:
        hard = self._hard(self.cells) or set(self.cells)
        return hard <= one.fits and not one.clashes & self._shares  # these allow for luck already

    def _open(self, chosen: Sequence[Candidate]) -> set[Cell]:
        """What is wrong without a cause; extremes and properties aside, where others are there."""
        left = set(self.cells).difference(*(one.fits for one in chosen))
        return self._hard(left) if self._hard(self.cells) else left

    def _believed(self, one: Candidate) -> Candidate:
        """What is left of a candidate's fits: of outputs that it gives wherever it speaks of them.

        Where only extremes and properties fit, nothing may clash.
        """
        against = self._hard(one.clashes) | one.clashes & self._shares
        clashing = {root_of(leaf) for _, leaf in against}
        fits = {cell for cell in one.fits if root_of(cell[1]) not in clashing}
        extremes = not self._hard(fits) and (self._hard(one.fits) or one.clashes)
        if extremes or self._guessed(fits, bool(one.clashes)):
            fits = set()
        return replace(one, fits=fits)

    def _guessed(self, fits: set[Cell], clashes: bool) -> bool:
        """Whether a candidate gives no number of what is wrong, though there are some.

        Shares count where they are all that is wrong in their checks, nothing clashes, and no
        number is left that nothing explains: they come about in many ways.
        """
        if not self._telling or fits & self._telling:
            return False
        known = (one.fits for one in self.candidates.values() if not one.refuted)
        if self._hard(self._telling).difference(*known):
            return True
        met = [run for run in self.failed if fits & run.cells]
        return clashes or not self._hard(fits) & self._shares or any(run.telling for run in met)

    def _hard(self, cells: Iterable[Cell]) -> set[Cell]:
        """The cells of checks of ordinary values."""
        return {cell for cell in cells if cell[0] not in self._neutral and cell[1] != FORM}

    def _weight(self, cells: Iterable[Cell]) -> float:
        return sum(self.weights[name] for name, _ in cells)
