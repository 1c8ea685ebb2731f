"""Recorded answers to public checks: what students get instead of the reference's code."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from autograder.checker.bank import Misconception
from autograder.checker.bounds import Bound, Within
from autograder.checker.contract import Contract, Function
from autograder.checker.declare import Check
from autograder.checker.draw import public_seed
from autograder.checker.key import LiveKey, kind_of_error
from autograder.checker.outcome import ImplementationRaised, Outcome, Unsupported
from autograder.student.deadline import Deadline

SCHEMA = 1
FILE_NAME = "expected.json"
EASIER = "its backward is easier"  # stands behind a slip's texts where that holds


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
    """One assignment as the student's side knows it. Also an answer key for its checks."""

    assignment: str
    title: str
    contract: Contract
    exercises: tuple[Exercise, ...]
    sections: Mapping[str, str]
    checks: Mapping[str, Mapping[str, Any]]
    texts: Mapping[str, Sequence[str]]
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
        return _outcome(entry["expected"])

    def slips(self, check: Check) -> Mapping[str, Outcome]:
        """What the known slips answer."""
        slips: Mapping[str, Any] = self.checks[check.name]["slips"]
        return {name: _outcome(stored) for name, stored in slips.items()}

    def names(self, check: Check) -> Sequence[str]:
        """The known slips that differ in a check."""
        return list(self.checks[check.name]["slips"])

    def slip(self, check: Check, name: str) -> Outcome | None:
        """What one of them answers."""
        stored = self.checks[check.name]["slips"].get(name)
        return None if stored is None else _outcome(stored)

    def knows(self, slip: Misconception) -> bool:
        """Only what was recorded can be tried."""
        del slip
        return False

    def carried(self, check: Check, slip: str) -> Outcome | None:
        """Not recorded: a local run shows the second function as wrong until the first is right."""
        del check, slip
        return None

    def easier(self, slip: str) -> bool:
        """Whether a slip in a forward makes its backward simpler than the one asked for."""
        return len(self.texts[slip]) > 3

    def misconception(self, name: str) -> tuple[str, str, str]:
        """A slip's family, text and handout anchor."""
        family, text, anchor = self.texts[name][:3]
        return family, text, anchor

    @classmethod
    def load(cls, folder: Path) -> Record:
        """Read an assignment folder's record."""
        stored = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        if stored["schema"] != SCHEMA:
            raise StaleRecordError(f"{folder.name}/{FILE_NAME} is of another version of the kit")
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
            stored["misconceptions"],
            Deadline.load(stored.get("deadline")),
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
            "misconceptions": self.texts,
            "checks": self.checks,
        }
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":")) + "\n"


def record_answers(
    checks: Sequence[Check], key: LiveKey
) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """The answers to checks, and the texts of the slips that they can tell."""
    entries: dict[str, dict[str, Any]] = {}
    texts: dict[str, list[str]] = {}
    for check in checks:
        slips = key.slips(check)
        entries[check.name] = {
            "source": check.source_digest,
            "expected": _stored(key.expected(check)),
            "slips": {name: _stored(outcome) for name, outcome in slips.items()},
        }
        for name in slips:
            easier = [EASIER] if key.easier(name) else []
            texts[name] = [*key.misconception(name), *easier]
    return entries, texts


def _stored(outcome: Outcome) -> dict[str, Any]:
    """An outcome as JSON: outputs, or the kind of exception, or what was odd."""
    if outcome.outputs is not None:
        stored: dict[str, Any] = {"outputs": _pack(outcome.outputs)}
        return stored | ({"mutated": list(outcome.mutated)} if outcome.mutated else {})
    if kind := kind_of_error(outcome):
        return {"raised": kind}
    return {"structure": outcome.structure, "probe_error": outcome.probe_error}


def _outcome(stored: Mapping[str, Any]) -> Outcome:
    if "outputs" in stored:
        return Outcome(outputs=_unpack(stored["outputs"]), mutated=tuple(stored.get("mutated", ())))
    if "raised" in stored:
        return Outcome(error=ImplementationRaised((stored["raised"],), ""))
    return Outcome(structure=stored["structure"], probe_error=stored["probe_error"])


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
