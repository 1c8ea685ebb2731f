"""What is recorded of an assignment's public checks: right answers, and how wrong ones look."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Bound, Within
from autograder.checker.compare import Expected
from autograder.checker.declare import Check
from autograder.checker.fingerprint import KEY, Projected, Sealed, packed
from autograder.checker.implementation import Call
from autograder.checker.key import LiveKey, kind_of_error, rules
from autograder.checker.outcome import Outcome, Unsupported
from autograder.explain.change import Variant
from autograder.explain.recorded import glimpse, tried
from autograder.explain.steps import Steps

MOST_BYTES = 250_000  # of a record; what slips and right answers leave is for changes of steps
LIKELY = {0: 1000, 1: 16}  # which changes are recorded, in this order, and how many of a function
AT_ONCE = 32  # changes that are tried before the next function has its turn
NO_VALUES = ("learning", "cost", "error")  # kinds of checks that tell no change from another


class Answers:
    """Records the answers to an assignment's public checks."""

    def __init__(self, checks: Sequence[Check], key: LiveKey, sections: Collection[str]) -> None:
        self.checks, self.key = checks, key
        self._sections = list(sections)
        self._seen: dict[str, set[str]] = {}  # by function what its slips and changes answer

    def slips(self) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """For each check the answers, and the texts of the slips that can be told by them."""
        wrong: dict[str, list[tuple[Check, Outcome]]] = {}
        for check in self.checks:
            for name, outcome in self.key.slips(check).items():
                wrong.setdefault(name, []).append((check, outcome))
        texts: dict[str, Any] = {}
        found: dict[str, dict[str, Any]] = {check.name: {} for check in self.checks}
        for name, outcomes in wrong.items():
            sealed, key = self._sealed(name)
            parts = [_Parts(check, self.key.expected(check), one) for check, one in outcomes]
            secret = all(part.secret for part in parts)
            texts[name] = _text(sealed.content) if secret else [_text(sealed.content), _text(key)]
            for part in parts:
                found[part.check.name][name] = part.stored(key)
            self._seen.setdefault(outcomes[0][0].of, set()).add(_look(parts))
        entries = {
            check.name: {
                "source": check.source_digest,
                "expected": stored(self.key.expected(check)),
                "slips": found[check.name],
            }
            for check in self.checks
        }
        return entries, texts

    def changes(self, steps: Mapping[str, Steps], room: int) -> dict[str, list[Any]]:
        """The likeliest single changes of steps, as many as there is room for (in bytes).

        What is right on all checks, or answers what a slip or an earlier change answers, is left
        out. The functions have their turns, so that each gets its share.
        """
        by_function = {
            check.of: [c for c in self.checks if c.of == check.of and c.kind not in NO_VALUES]
            for check in self.checks
            if check.of in steps
        }
        found: dict[str, list[Any]] = {
            function: [[check.name for check in checks]]
            for function, checks in by_function.items()
            if checks
        }
        for likely, most in LIKELY.items():
            waiting = {
                function: islice(
                    self._recorded(steps[function], by_function[function], likely), most
                )
                for function in found
            }
            spent: Counter[str] = Counter()
            while waiting and room > 0:
                function = min(waiting, key=lambda name: spent[name])
                change = next(waiting[function], None)
                if change is None:
                    del waiting[function]
                    continue
                size = len(json.dumps(change, separators=(",", ":"))) + 1
                spent[function] += size
                room -= size
                if room >= 0:
                    found[function].append(change)
        return {function: changes for function, changes in found.items() if len(changes) > 1}

    def _recorded(self, steps: Steps, checks: Sequence[Check], likely: int) -> Iterator[list[Any]]:
        """The changes of one likelihood that say something new, as they are recorded."""
        seen = self._seen.setdefault(steps.of, set())
        for slip in self._differing(steps, checks, likely):
            self.key.knows(slip)
            outcomes = [(check, self.key.slip(check, slip.name)) for check in checks]
            wrong = [(check, one) for check, one in outcomes if one is not None]
            if not wrong or any(one.outputs is None or one.mutated for _, one in wrong):
                continue
            parts = {
                check.name: _Parts(check, self.key.expected(check), one) for check, one in wrong
            }
            look = _look(list(parts.values()))
            told = any(part.locks for part in parts.values())
            if look in seen or not told or any(part.near for part in parts.values()):
                continue
            seen.add(look)
            sealed, key = self._sealed(slip.name)
            answers = [
                parts[check.name].stored(key) if check.name in parts else None for check in checks
            ]
            yield [_text(sealed.content), *answers]

    def _differing(
        self, steps: Steps, checks: Sequence[Check], likely: int
    ) -> Iterator[Misconception]:
        """The changes that give something else than what is right, and than one another."""
        waiting = iter([v for v in steps.variants if v.change.likely == likely])
        seen: set[Hashable] = set()
        while some := list(islice(waiting, AT_ONCE)):
            looks: dict[Variant, list[Hashable]] = {variant: [] for variant in some}
            for place, calls, at in self._calls(steps.of, checks):
                recorded = tried(steps, calls, at, some)
                for one in recorded.tried if recorded else ():
                    looks[one.variant].append((place, *map(glimpse, one.leaves.values())))
            for variant, look in looks.items():
                if look and tuple(look) not in seen:
                    seen.add(tuple(look))
                    yield steps.slip([variant])

    def _calls(
        self, function: str, checks: Sequence[Check]
    ) -> Iterator[tuple[str, Sequence[Call], int]]:
        for check in checks:
            calls = self.key.expected(check).calls
            for at, call in enumerate(calls):
                if call.function.name == function:
                    yield f"{check.name} {at}", calls, at

    def _sealed(self, name: str) -> tuple[Sealed, bytes]:
        """What is told of a slip, sealed, and the key."""
        family, text, anchor = self.key.misconception(name)
        section = self._sections.index(anchor) if anchor in self._sections else anchor
        told = [text, section, int(self.key.easier(name)), "" if family == name else family]
        return Sealed.of(json.dumps(told, ensure_ascii=False, separators=(",", ":")))


class _Parts:
    """A wrong outcome of one check, taken apart: what is kept of it."""

    def __init__(self, check: Check, right: Outcome, outcome: Outcome) -> None:
        self.check, self.outcome = check, outcome
        self.prints: list[tuple[int, Projected]] = []
        self.whole: list[tuple[int, Any]] = []
        self.near = False  # too near to what is right to be told from it
        self.built = right.outputs is not None and outcome.outputs is not None
        if not self.built:
            return
        assert right.outputs is not None
        assert outcome.outputs is not None
        places = {name: place for place, name in enumerate(right.leaves)}
        theirs = outcome.leaves
        for difference in Expected(right.outputs, rules(check)).differences(outcome.outputs):
            name = difference.name
            if name not in theirs:
                raise ValueError(f"{check.name}: a slip has no output {name}")
            if isinstance(theirs[name], Within | Bound):
                self.whole.append((places[name], theirs[name]))
            else:
                mine = Projected(theirs[name])
                self.near |= mine.pads(mine.width)[0] in Projected(right.leaves[name]).pads(
                    mine.width
                )
                self.prints.append((places[name], mine))

    @property
    def secret(self) -> bool:
        """Whether only who gives this answer can open the sentence about it."""
        known = self.whole or self.outcome.mutated or not self.built
        return not known and all(mine.kind == 0 for _, mine in self.prints)

    @property
    def locks(self) -> bool:
        """Whether something of it locks the key of the sentence."""
        return not self.whole and any(mine.kind == 0 for _, mine in self.prints)

    def stored(self, key: bytes) -> Any:
        """It as JSON."""
        if not self.built:
            return stored(self.outcome) if self.outcome.outputs is None else {"whole": []}
        blocks = _text(packed(self.prints, key))
        found: dict[str, Any] = {"prints": blocks} if blocks else {}
        if self.whole:
            found["whole"] = [[place, _pack(value)] for place, value in self.whole]
        if self.outcome.mutated:
            found["mutated"] = list(self.outcome.mutated)
        return blocks if list(found) == ["prints"] else found


def _look(parts: Sequence[_Parts]) -> str:
    """What is equal for equal answers, whatever the machine: coarse floats say nothing new."""
    some = [part for part in parts if part.secret] or parts
    return json.dumps([(part.check.name, part.stored(bytes(KEY))) for part in some])


def stored(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON: outputs, or the kind of exception, or what was odd."""
    if outcome.outputs is not None:
        return {"outputs": _pack(outcome.outputs)}
    if kind := kind_of_error(outcome):
        return {"raised": kind}
    return {"structure": outcome.structure, "probe_error": outcome.probe_error}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _pack(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": _numbers(value), "shape": value.shape, "dtype": value.dtype.name}
    if isinstance(value, np.generic):
        return {"scalar": _numbers(np.asarray(value))[0], "dtype": value.dtype.name}
    if isinstance(value, float):
        return {"scalar": _numbers(np.asarray(value))[0], "dtype": ""}
    if isinstance(value, dict):
        return {"dict": {key: _pack(item) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return {"list": [_pack(item) for item in value]}
    if isinstance(value, Within):
        return {"within": _pack(value.value), "rtol": value.rtol}
    if isinstance(value, Bound):
        return {"value": _pack(value.value), "bound": value.bound, "least": value.least}
    if isinstance(value, Unsupported):
        return {"unsupported": [value.type_name, value.detail]}
    return value  # None, bool, int, str


def _numbers(array: np.ndarray[Any, Any]) -> list[Any]:
    """Fifteen digits are more than any tolerance needs; what is not finite is told by name."""
    if array.dtype.kind == "f":
        return [
            float(f"{number:.15g}") if np.isfinite(number) else str(number)
            for number in array.astype(np.float64).ravel().tolist()
        ]
    return list(array.ravel().tolist())
