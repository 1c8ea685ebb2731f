"""What students get of wrong answers: fingerprints that name them, and nothing to read."""

import json
import random
from functools import cache

import numpy as np
import pytest

from autograder.checker.bank import load_misconceptions, overlay
from autograder.checker.declare import load_checks
from autograder.checker.draw import public_seed
from autograder.checker.fingerprint import Fingerprint, Projected, Sealed, packed, unpacked
from autograder.checker.implementation import LocalImplementation
from autograder.checker.judge import Judge
from autograder.checker.key import run_probe
from autograder.checker.outcome import Verdict
from autograder.checker.slips import same_outputs
from autograder.course.course import Course
from autograder.course.reference import load_reference
from autograder.explain.search import Explainer
from autograder.explain.steps import load_steps
from autograder.release.template import make_record
from autograder.student.record import FILE_NAME, Record, StaleRecordError
from autograder.student.suggestions import Recorded

COURSE = Course.find()
NAMES = [assignment.name for assignment in COURSE.assignments]
FOLDER = COURSE.root / "student_template" / "assignments"
MOST_BYTES = 300_000
SAMPLE = 12  # changes of an assignment; two of three are likely ones


class Assignment:
    """One assignment with both judges of its public checks: the grader's, and a student's."""

    def __init__(self, name):
        found = COURSE.assignment(name)
        self.reference = load_reference(COURSE)
        self.steps = load_steps(found.steps, self.reference)
        self.slips = load_misconceptions(found.slips)
        self.checks = load_checks(found.public_checks)
        self.text = (FOLDER / name / FILE_NAME).read_text(encoding="utf-8")
        self.record = Record.load(FOLDER / name)
        self.local = Judge.from_key(self.checks, self.record, Recorded(self.record))
        self.live = Judge(
            self.checks,
            self.reference,
            self.slips,
            seed=lambda check: public_seed(name, check),
            suggests=Explainer(self.steps),
        )

    def sample(self, seed=0):
        """Some single changes of the steps, mostly likely ones."""
        draw = random.Random(seed)
        every = [
            (steps, variant)
            for steps in self.steps.values()
            for variant in steps.variants
            if any(check.of == steps.of for check in self.checks)
        ]
        likely = [pair for pair in every if pair[1].change.likely == 0]
        chosen = draw.sample(likely, min(len(likely), 2 * SAMPLE // 3))
        chosen += draw.sample(every, SAMPLE - len(chosen))
        return [steps.slip([variant]) for steps, variant in chosen]

    def checks_of(self, slip):
        return [c for c in self.checks if c.of == slip.of and c.kind != "learning"]


@cache
def assignment(name):
    return Assignment(name)


def told(judge, implementation, checks):
    """The sentences about causes, by check."""
    found = judge.run(implementation, checks)
    return {
        name: (finding.diagnosis.text, finding.diagnosis.section, finding.diagnosis.part)
        for name, finding in found.items()
        if finding.diagnosis and finding.diagnosis.id
    }


def run(check, implementation):
    """What a check gives with the inputs that students have."""
    name = next(n for n in NAMES if check in assignment(n).checks)
    return run_probe(check, implementation, public_seed(name, check.name))


def with_noise(implementation, function, relative):
    """The same, but for rounding of that size in what one function returns."""
    rng = np.random.default_rng(7)

    def noisy(value):
        if isinstance(value, dict):
            return {key: noisy(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(noisy, value))
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return value * (1 + relative * rng.uniform(-1, 1, value.shape))
        return value * (1 + relative) if type(value) in (float, np.float64) else value

    inner = implementation.namespace[function]
    opaque = implementation.contract.functions[function].returns[-1] == "opaque"

    def outer(*args, **kwargs):
        result = inner(*args, **kwargs)
        if opaque and type(result) is tuple:
            return (*map(noisy, result[:-1]), result[-1])
        return noisy(result)

    namespace = dict(implementation.namespace) | {function: outer}
    return LocalImplementation(implementation.contract, namespace)


@pytest.mark.parametrize("name", NAMES)
def test_records_are_small_and_hold_changes_of_every_function_with_steps(name):
    one = assignment(name)
    assert len(one.text.encode()) <= MOST_BYTES
    assert len(one.record.changes) >= len({c.of for c in one.checks} & one.steps.keys()) / 2
    for _, *changes in one.record.changes.values():
        assert changes


@pytest.mark.parametrize("name", NAMES)
def test_what_a_change_is_called_locally_is_what_the_grader_calls_it(name):
    """The bank's slips may explain a part, as ever; a change is named right, or not at all."""
    one = assignment(name)
    bank = {slip.text for slip in one.slips}
    failing = named = 0
    for slip in one.sample():
        wrong, checks = overlay(slip, one.reference), one.checks_of(slip)
        verdicts = {finding.verdict for finding in one.local.run(wrong, checks).values()}
        if verdicts == {Verdict.PASSED} or Verdict.RAISED in verdicts:
            continue
        failing += 1
        local = told(one.local, wrong, checks)
        named += bool(local)
        live = told(one.live, wrong, checks) if local else {}
        for check, (text, section, part) in local.items():
            right = live.get(check) == (text, section, part) or text == slip.text
            assert right or text in bank, (slip.name, check, text, live.get(check))
    assert named >= failing / 2 > 0


@pytest.mark.parametrize("name", NAMES)
def test_rounding_changes_no_name_and_a_near_miss_has_none(name):
    one = assignment(name)
    seen = 0
    for slip in one.sample(1):
        wrong, checks = overlay(slip, one.reference), one.checks_of(slip)
        before = told(one.local, wrong, checks)
        if not before:
            continue
        seen += 1
        assert told(one.local, with_noise(wrong, slip.of, 1e-12), checks) == before
        near = with_noise(wrong, slip.of, 1e-4)
        moved = {
            check.name
            for check in checks
            if check.kind != "dtype"  # coarse: its outputs are near to one another
            and not same_outputs(*(run(check, implementation) for implementation in (wrong, near)))
        }  # zeros, NaN and whole numbers stay what they are
        wholly = {check for check, (*_, part) in told(one.local, near, checks).items() if not part}
        assert not moved & wholly, slip.name
    assert seen


@pytest.mark.parametrize("name", NAMES)
def test_a_record_tells_no_sentence_to_who_reads_it(name):
    one = assignment(name)
    sentences = [slip.text for slip in one.slips]
    sentences += [v.text for steps in one.steps.values() for v in steps.variants]
    assert not [text for text in sentences if len(text) > 30 and text in one.text]
    fresh = Record.load(FOLDER / name)
    for check in one.checks:
        if check.kind != "error":
            guesses = {
                leaf: [Projected(value), Projected(np.zeros_like(value))]
                for leaf, value in fresh.expected(check).leaves.items()
                if isinstance(value, np.ndarray | float)
            }
            for change in fresh.changed(check).values():
                for leaf, found in change.leaves.items():
                    if isinstance(found, Fingerprint) and not found.kind and leaf in guesses:
                        assert not any(map(found.fits, guesses[leaf]))
    names = [key for check in one.checks for key in fresh.changed(check)]
    assert names
    assert not any(map(fresh.readable, names))
    with pytest.raises(LookupError):
        fresh.misconception(names[0])


def test_two_runs_record_the_same():
    one = COURSE.assignment("03")
    assert make_record(COURSE, one).dumps() == make_record(COURSE, one).dumps()


def test_a_record_of_another_version_says_what_to_do(tmp_path):
    stored = json.loads(assignment(NAMES[0]).text) | {"schema": 1}
    (tmp_path / FILE_NAME).write_text(json.dumps(stored))
    with pytest.raises(StaleRecordError, match=r"Unpack .* again"):
        Record.load(tmp_path)


def printed(value, text="a sentence"):
    """The fingerprint of one output."""
    sealed, key = Sealed.of(text)
    ((place, found),) = unpacked(packed([(3, Projected(value))], key), Sealed(sealed.content))
    assert place == 3
    return found


def test_a_fingerprint_knows_its_output_in_spite_of_rounding_and_no_other():
    rng = np.random.default_rng(1)
    for _ in range(300):
        value = rng.normal(size=(3, 5)) * 10.0 ** rng.integers(-6, 7)
        found = printed(value)
        for off in (1e-5, 1e-4, 1.0):
            assert not found.fits(Projected(value * (1 + off * rng.uniform(0.2, 1, (3, 5)))))
        assert found.sealed.opened is None
        assert found.fits(Projected(value * (1 + 1e-12 * rng.normal(size=(3, 5)))))
        assert found.sealed.opened == "a sentence"


@pytest.mark.parametrize(
    ("value", "others"),
    [
        (np.ones((2, 3)), [np.ones((3, 2)), np.ones(6), np.ones((2, 3), int), [1.0] * 6]),
        (np.array([1.0, np.nan]), [np.array([np.nan, 1.0]), np.array([1.0, np.inf])]),
        (np.array([True, False]), [np.array([False, True]), np.array([1.0, 0.0])]),
        (np.zeros(3), [np.zeros(4), np.ones(3), np.full(3, np.nan)]),
        ({"w": np.ones(2)}, [{"b": np.ones(2)}, [np.ones(2)], {"w": np.ones(2), "b": 1.0}]),
        (np.full(4, np.inf), [np.full(4, -np.inf), np.full(4, np.nan), np.zeros(4)]),
        (0.25, [0.5, np.array([0.25]), None, "0.25"]),
        ("word", ["other", None, np.zeros(0)]),
    ],
)
def test_form_and_what_is_not_finite_belong_to_a_fingerprint(value, others):
    found = printed(value)
    assert found.fits(Projected(value))
    for other in others:
        assert not found.fits(Projected(other))


def test_a_single_precision_answer_is_known_as_far_as_it_goes_and_keeps_no_secret():
    value = np.random.default_rng(2).normal(size=(4, 6))
    found = printed(value.astype(np.float32))
    assert found.fits(Projected(value))
    assert found.fits(Projected((value * (1 + 1e-7)).astype(np.float32)))
    assert not found.fits(Projected(value * 1.01))
    assert found.sealed.opened is None


def test_another_key_opens_nothing():
    sealed, key = Sealed.of("a sentence that is longer than one block of the stream: " * 3)
    assert not sealed.open(bytes(len(key)))
    assert sealed.open(key)
    assert sealed.opened.startswith("a sentence")
