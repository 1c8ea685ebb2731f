"""The proofs: each looks at one promise about an assignment and says where it is broken."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.checker.bank import Misconception, overlay
from autograder.checker.declare import Check
from autograder.checker.draw import Draw, public_seed
from autograder.checker.finding import WIDTH
from autograder.checker.gates import STUBS
from autograder.checker.key import run_probe
from autograder.checker.outcome import Verdict
from autograder.course.accepted import alternatives
from autograder.course.reference import load_package
from autograder.verify.inputs import digest_of_inputs, same_data
from autograder.verify.subject import Subject
from autograder.verify.submissions import CHEAP, cheap_implementation, write_template

CHEAP_SHARE = 0.05
BY_GATES = (Verdict.SKIPPED, *STUBS)  # what a check that passed may get for others that failed


@dataclass(frozen=True)
class Proof:
    """What a proof found: how much it looked at, and every breach in one line."""

    title: str
    looked_at: int
    problems: tuple[str, ...]


def solution_is_right(subject: Subject) -> Iterator[str]:
    """The reference passes every check, hidden and public, and twice the same."""
    for judge in (subject.judge, subject.public):
        for check in judge.checks:
            subject.called(check, judge.key.seed(check))
        for name, finding in judge.run(subject.again).items():
            if not finding.passed:
                yield f"the solution fails {name}: {finding.verdict} {finding.details}"


def template_earns_nothing(subject: Subject) -> Iterator[str]:
    """The untouched template scores 0, and every check says that it is not implemented."""
    with tempfile.TemporaryDirectory() as temporary:
        write_template(subject.course, subject.assignment, Path(temporary))
        stubs = load_package(subject.course.contract, Path(temporary))
        for name, finding in subject.judge.run(stubs).items():
            if finding.verdict is not Verdict.NOT_IMPLEMENTED:
                yield f"on the template {name} is {finding.verdict}"


def cheap_answers_earn_little(subject: Subject) -> Iterator[str]:
    """`return x`, zeros, ones and always-raise earn at most 5 %, and pass no value check."""
    contract = subject.course.contract
    names = frozenset(function.name for function in subject.assignment.functions)
    given = dict(subject.reference.namespace)
    for title, answer in CHEAP.items():
        findings = subject.judge.run(cheap_implementation(contract, names, answer, given))
        share = subject.score(findings) / subject.assignment.max_points
        passed = [name for name, finding in findings.items() if finding.passed]
        if share > CHEAP_SHARE:
            yield f"{title!r} earns {share:.0%} ({', '.join(passed[:4])})"


def alternatives_are_right(subject: Subject) -> Iterator[str]:
    """Every accepted alternative passes every check.

    The hidden ones that train take seconds, and are left to the jail, where every way is graded.
    Functions that an alternative doesn't touch give what they give in the solution.
    """
    quick = [check for check in subject.judge.checks if check.kind != "learning"]
    for alternative, (other, names) in subject.ways.items():
        for judge, checks in ((subject.judge, quick), (subject.public, subject.public.checks)):
            met = {
                check.of
                for check in checks
                if names is None or names & subject.called(check, judge.key.seed(check))
            }
            chosen = [check for check in checks if check.of in met]
            for name, finding in judge.run(other, chosen).items():
                if not finding.passed:
                    yield f"{alternative} fails {name}: {finding.symptom}"


def slips_are_named(subject: Subject) -> Iterator[str]:
    """Every slip loses points on its function, and is named as itself or as its family."""
    family = {slip.name: slip.family for slip in subject.slips}
    for slip in subject.slips:
        findings = subject.findings(slip).values()
        failed = [f for f in findings if f.function == slip.of and not f.passed]
        if not failed:
            yield f"{slip.name} loses nothing"
            continue
        names = {f.diagnosis.id for f in failed if f.diagnosis and f.diagnosis.id}
        if slip.family not in {family[name] for name in names}:
            yield f"{slip.name} is not named"
        for name in sorted(names):
            if family[name] != slip.family:
                yield f"{slip.name} is named {name}"


def checks_can_fail(subject: Subject) -> Iterator[str]:
    """There is no check that nothing fails: a slip, a cheap answer, or the missing guards."""
    alive = {check.name: check for check in subject.judge.checks}
    for slip in subject.slips:
        for name, finding in subject.findings(slip).items():
            if not finding.passed and finding.verdict not in BY_GATES:
                alive.pop(name, None)
    for check in [check for check in alive.values() if check.kind == "learning"]:
        if any(not subject.learning(slip, check).passed for slip in worst_first(subject, check)):
            del alive[check.name]
    for slip in subject.slips:
        slipped = overlay(slip, subject.reference)
        for check in [c for c in subject.quick_checks(slip) if c.name in alive]:
            if check.kind != "learning" and not subject.judge.run_one(check, slipped).passed:
                del alive[check.name]
    names = frozenset(function.name for function in subject.assignment.functions)
    for answer in CHEAP.values():
        cheap = cheap_implementation(
            subject.course.contract, names, answer, dict(subject.reference.namespace)
        )
        for name in list(alive):
            if not subject.judge.run_one(alive[name], cheap).passed:
                del alive[name]
    for name in alive:
        yield f"nothing fails {name}"


def worst_first(subject: Subject, check: Check) -> list[Misconception]:
    """The slips of a check's function, from the one on that fails most other checks of it.

    Those that raise come last: they fail every check, and say nothing of its bound.
    """

    def failed(slip: Misconception) -> tuple[bool, int]:
        verdicts = [f.verdict for f in subject.findings(slip).values() if not f.passed]
        return Verdict.RAISED not in verdicts, len(verdicts)

    return sorted((slip for slip in subject.slips if slip.of == check.of), key=failed)[::-1]


def functions_are_checked(subject: Subject) -> Iterator[str]:
    """Every function with points has a value check and a public one."""
    values = {check.of for check in subject.judge.checks if not check.gated}
    for function in subject.assignment.functions:
        if function.name not in values:
            yield f"no value check of {function.name}"
        if not any(check.of == function.name for check in subject.public.checks):
            yield f"no public check of {function.name}"


def inputs_are_fresh(subject: Subject) -> Iterator[str]:
    """Hidden and public inputs differ, and the same seed gives the same answer."""
    for check in subject.judge.checks:
        one = subject.judge.key.expected(check)
        subject.called(check, subject.judge.key.seed(check))
        again = run_probe(check, subject.again, subject.judge.key.seed(check))
        if not same_data(one.outputs, again.outputs):
            yield f"{check.name} gives another answer on the same inputs"
        if check.kind == "value" and _draws(check):
            other = run_probe(check, subject.reference, public_seed(subject.assignment.name, "x"))
            if digest_of_inputs(again.calls) == digest_of_inputs(other.calls):
                yield f"{check.name} has the same inputs whatever the seed"


def _draws(check: Check) -> bool:
    class Counting(Draw):
        used = False

        def __getattribute__(self, name: str) -> object:
            if not name.startswith("_") and name != "used":
                type(self).used = True
            return super().__getattribute__(name)

    try:
        check.probe(_Nothing(), Counting(0))  # type: ignore[arg-type]
    except Exception:
        return Counting.used
    return Counting.used


class _Nothing:
    pass


def messages_fit(subject: Subject) -> Iterator[str]:
    """Every message that a slip can cause fits 80 columns."""
    sections = subject.assignment.sections
    for slip in subject.slips:
        for finding in subject.findings(slip).values():
            for line in finding.text("full", sections).split("\n"):
                if len(line) > WIDTH:
                    yield f"{slip.name}, {finding.check}: {len(line)} columns"
    for check in (*subject.judge.checks, *subject.public.checks):
        if len(check.title) > WIDTH - 4:
            yield f"the title of {check.name} has {len(check.title)} columns"


def anchors_exist(subject: Subject) -> Iterator[str]:
    """Every section that the manifest and the slips point to is in the handout."""
    sections = subject.assignment.sections
    for function in subject.assignment.functions:
        if function.section not in sections:
            yield f"{function.name} points to #{function.section}, which the handout hasn't got"
    for slip in subject.slips:
        if slip.anchor not in sections:
            yield f"{slip.name} points to #{slip.anchor}, which the handout hasn't got"


PROOFS: dict[str, Callable[[Subject], Iterator[str]]] = {
    "solution 100 %": solution_is_right,
    "template 0": template_earns_nothing,
    "cheap answers at most 5 %": cheap_answers_earn_little,
    "alternatives 100 %": alternatives_are_right,
    "slips named": slips_are_named,
    "every check can fail": checks_can_fail,
    "every function checked": functions_are_checked,
    "fresh inputs": inputs_are_fresh,
    "messages fit": messages_fit,
    "anchors exist": anchors_exist,
}


def run_proofs(subject: Subject) -> Iterator[Proof]:
    """All proofs of an assignment, one after the other."""
    counts = {
        "slips named": len(subject.slips),
        "messages fit": len(subject.slips),
        "alternatives 100 %": len(alternatives(subject.assignment)),
        "cheap answers at most 5 %": len(CHEAP),
        "every function checked": len(subject.assignment.functions),
        "anchors exist": len(subject.slips) + len(subject.assignment.functions),
    }
    for title, proof in PROOFS.items():
        count = counts.get(title, len(subject.judge.checks))
        yield Proof(title, count, tuple(proof(subject)))
