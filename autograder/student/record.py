"""Recorded answers to public checks: what students get instead of the reference's code.

Right answers are there whole, for messages quote them. Of wrong ones there are fingerprints, and
the sentences about them are sealed: see `checker/fingerprint.py`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Bound, Within
from autograder.checker.contract import Contract, Function
from autograder.checker.declare import Check
from autograder.checker.draw import public_seed
from autograder.checker.fingerprint import Sealed, unpacked
from autograder.checker.outcome import ImplementationRaised, Outcome, Unsupported
from autograder.student.deadline import Deadline

SCHEMA = 2
FILE_NAME = "expected.json"


@dataclass(frozen=True)
class Exercise:
    """One function that a student writes."""

    name: str
    module: str
    section: str
    number: str
    below: tuple[str, ...]
    hints: tuple[str, ...]


class StaleRecordError(Exception):
    """A check was changed after its answer had been recorded."""


@dataclass(frozen=True)
class Record:
    """One assignment as the student's side knows it. Also an answer key for its checks.

    `slips` holds the sealed texts of the bank's slips; what they answer stands in `checks`.
    `changes` holds for each function the names of its checks, and then for each likely change of
    its steps a sealed text and what it answers on these checks (None where that is right).
    """

    assignment: str
    title: str
    contract: Contract
    exercises: tuple[Exercise, ...]
    sections: Mapping[str, str]
    checks: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, str | Sequence[str]]
    changes: Mapping[str, Sequence[Sequence[Any]]] = field(default_factory=dict)
    deadline: Deadline | None = None

    def seed(self, check: Check) -> int:
        """The seed of a public check's inputs."""
        return public_seed(self.assignment, check.name)

    def expected(self, check: Check) -> Outcome:
        """The reference's recorded outcome. StaleRecordError if the check is another by now."""
        entry = self.checks.get(check.name)
        if entry is None or entry["source"] != check.source_digest:
            raise StaleRecordError(
                f"{self.assignment}: the check {check.name} was changed after its answer was "
                "recorded. Unpack the assignment's test_public.py again."
            )
        return self._once(f"{check.name} right", lambda: _outcome(entry["expected"]))

    def changed(self, check: Check) -> Mapping[str, Outcome]:
        """What likely changes of steps answer, the likeliest first."""
        return {name: self._answer(check, name, s) for name, s in self._changed(check).items()}

    def names(self, check: Check) -> Sequence[str]:
        """The known slips that differ in a check."""
        return list(self._of(check))

    def slip(self, check: Check, name: str) -> Outcome | None:
        """What one of them answers."""
        stored = self._of(check).get(name) or self._changed(check).get(name)
        return None if stored is None else self._answer(check, name, stored)

    def knows(self, slip: Misconception) -> bool:
        """Only what was recorded can be tried."""
        return slip.name in self._sealed

    def carried(self, check: Check, slip: str) -> Outcome | None:
        """Not recorded: a local run shows the second function as wrong until the first is right."""
        del check, slip
        return None

    def easier(self, slip: str) -> bool:
        """Whether a slip in a forward makes its backward simpler than the one asked for."""
        return self._told(slip)[3]

    def misconception(self, name: str) -> tuple[str, str, str]:
        """A slip's family, text and handout anchor: readable once its answer has been met."""
        return self._told(name)[:3]

    def readable(self, name: str) -> bool:
        """Whether a slip's answer has been met, so that its text can be read."""
        return self._sealed[name].opened is not None

    def _told(self, name: str) -> tuple[str, str, str, bool]:
        sealed = self._sealed[name]
        if sealed.opened is None:
            raise LookupError(f"{self.assignment}: nobody has given the answer of {name} yet")
        text, section, easier, family = json.loads(sealed.opened)
        anchor = list(self.sections)[section] if isinstance(section, int) else section
        return family or name, text, anchor, bool(easier)

    def _of(self, check: Check) -> Mapping[str, Any]:
        slips: Mapping[str, Any] = self.checks[check.name]["slips"]
        return slips

    def _changed(self, check: Check) -> Mapping[str, Any]:
        return self._by_check.get(check.name, {})

    @cached_property
    def _by_check(self) -> Mapping[str, Mapping[str, Any]]:
        """By check what its function's changes answer."""
        found: dict[str, dict[str, Any]] = {}
        for function, (checks, *changes) in self.changes.items():
            for k, (_, *answers) in enumerate(changes):
                for check, answer in zip(checks, answers, strict=True):
                    if answer is not None:
                        found.setdefault(check, {})[change_name(function, k)] = answer
        return found

    @cached_property
    def _sealed(self) -> Mapping[str, Sealed]:
        """The texts of all slips and changes by name."""
        found = {}
        for name, text in self.texts.items():
            content, *keys = [base64.b64decode(t) for t in ([text] if type(text) is str else text)]
            found[name] = Sealed(content)
            for key in keys:
                found[name].open(key)
        for function, (_, *changes) in self.changes.items():
            for k, (text, *_answers) in enumerate(changes):
                found[change_name(function, k)] = Sealed(base64.b64decode(text))
        return found

    def _answer(self, check: Check, name: str, stored: Any) -> Outcome:
        """What a slip answers: right outputs as they are, fingerprints where it is wrong."""
        stored = {"prints": stored} if isinstance(stored, str) else stored
        if "raised" in stored or "structure" in stored:
            return _outcome(stored)

        def put_together() -> Outcome:
            right = self.expected(check)
            names = list(right.leaves)
            blocks = base64.b64decode(stored.get("prints", ""))
            wrong: dict[str, Any] = {names[at]: _unpack(v) for at, v in stored.get("whole", ())}
            wrong |= {names[at]: one for at, one in unpacked(blocks, self._sealed[name])}
            outputs = {key: _with(wrong, key, item) for key, item in (right.outputs or {}).items()}
            return Outcome(outputs=outputs, mutated=tuple(stored.get("mutated", ())))

        return self._once(f"{check.name} {name}", put_together)

    def _once(self, what: str, make: Callable[[], Outcome]) -> Outcome:
        if what not in self._outcomes:
            self._outcomes[what] = make()
        return self._outcomes[what]

    @cached_property
    def _outcomes(self) -> dict[str, Outcome]:
        """What was unpacked already."""
        return {}

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read an assignment folder's record."""
        stored = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        if stored["schema"] != SCHEMA:
            raise StaleRecordError(
                f"{folder.name}/{FILE_NAME} is of another version of the kit than the folder "
                "autograder/ beside check.py. Unpack the assignment and the first one again, as "
                "they are handed out now: your own files stay as they are."
            )
        functions = {
            name: Function(name, module, tuple(returns), tuple(parameters))
            for name, (module, returns, parameters) in stored["functions"].items()
        }
        exercises = tuple(
            Exercise(**(item | {"below": tuple(item["below"]), "hints": tuple(item["hints"])}))
            for item in stored["exercises"]
        )
        return cls(
            stored["assignment"],
            stored["title"],
            Contract(stored["package"], functions),
            exercises,
            stored["sections"],
            stored["checks"],
            stored["slips"],
            stored["changes"],
            deadline=Deadline.load(stored.get("deadline")),
        )

    def dumps(self) -> str:
        """The record as it is written to `expected.json`."""
        stored = {
            "schema": SCHEMA,
            "assignment": self.assignment,
            "title": self.title,
            **({"deadline": self.deadline.stored()} if self.deadline else {}),
            "package": self.contract.package,
            "functions": {
                f.name: [f.module, f.returns, f.parameters]
                for f in self.contract.functions.values()
            },
            "exercises": [asdict(exercise) for exercise in self.exercises],
            "sections": self.sections,
            "slips": self.texts,
            "changes": self.changes,
            "checks": self.checks,
        }
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n"


def change_name(function: str, place: int) -> str:
    """What a change is called here: its own name would tell the step."""
    return f"{function}.change_{place + 1}"


def _with(wrong: Mapping[str, Any], name: str, value: Any) -> Any:
    """A right output with its wrong parts, by path, put into their places."""
    if name in wrong:
        return wrong[name]
    if isinstance(value, dict):
        return {key: _with(wrong, f"{name}[{key}]", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with(wrong, f"{name}[{k}]", item) for k, item in enumerate(value)]
    return value


def _outcome(stored: Mapping[str, Any]) -> Outcome:
    if "outputs" in stored:
        return Outcome(outputs=_unpack(stored["outputs"]), mutated=tuple(stored.get("mutated", ())))
    if "raised" in stored:
        return Outcome(error=ImplementationRaised((stored["raised"],), ""))
    return Outcome(structure=stored["structure"], probe_error=stored["probe_error"])


def _unpack(stored: Any) -> Any:
    if not isinstance(stored, dict):
        return stored
    if "array" in stored:
        numbers = [float(n) if isinstance(n, str) else n for n in stored["array"]]
        return np.array(numbers, dtype=stored["dtype"]).reshape(stored["shape"])
    if "scalar" in stored:
        number = float(stored["scalar"])
        return np.dtype(stored["dtype"]).type(stored["scalar"]) if stored["dtype"] else number
    if "dict" in stored:
        return {key: _unpack(item) for key, item in stored["dict"].items()}
    if "list" in stored:
        return [_unpack(item) for item in stored["list"]]
    if "within" in stored:
        return Within(_unpack(stored["within"]), stored["rtol"])
    if "bound" in stored:
        return Bound(_unpack(stored["value"]), stored["bound"], stored["least"])
    return Unsupported(*stored["unsupported"])
