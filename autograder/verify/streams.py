"""The proofs about streams of inputs: whichever one a submission meets, its marks are the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder.checker.bank import Misconception, overlay
from autograder.checker.declare import Check
from autograder.checker.implementation import Implementation, LocalImplementation
from autograder.checker.key import AnswerKey, differs, fault_of, run_probe
from autograder.course.accepted import alternatives
from autograder.grading.judges import ONE_STREAM, Streams
from autograder.verify.inputs import digest_of_inputs
from autograder.verify.proofs import Proof
from autograder.verify.subject import Subject


def stream_proofs(subject: Subject, streams: Streams) -> Iterator[Proof]:
    """All of them. The first stream has every other proof, so that the rest are looked at here."""
    count = streams.count
    ways = len(alternatives(subject.assignment)) + 1
    slips = len(subject.slips)
    with np.errstate(all="ignore"):
        yield Proof("streams differ", count, tuple(streams_differ(subject, streams)))
        right = tuple(right_on_all(subject, streams))
        yield Proof("right ways right on all", ways * count, right)
        caught = tuple(caught_on_all(subject, streams))
        yield Proof("slips caught on all", slips * count, caught)


def streams_differ(subject: Subject, streams: Streams) -> Iterator[str]:
    """Checks that draw have other arguments in other streams.

    Where all that is drawn is a small whole number or two, some streams may meet the same ones.
    """
    for check in _streamed(streams):
        if check.kind != "value":
            continue
        keys = _keys(streams, range(streams.count))
        calls = [digest_of_inputs(key.expected(check).calls) for key in keys]
        different = len(set(calls))
        if different < min(3, len(calls)) and not _constant(check, subject, calls):
            yield f"{check.name} has {different} sets of inputs in {len(calls)} streams"


def _constant(check: Check, subject: Subject, calls: list[str]) -> bool:
    """Whether a check draws nothing that its calls depend on: then nothing is hidden in it."""
    other = run_probe(check, subject.reference, 1)
    return set(calls) == {digest_of_inputs(other.calls)}


def right_on_all(subject: Subject, streams: Streams) -> Iterator[str]:
    """The solution and every accepted way pass every check of every stream."""
    for stream in range(1, streams.count):
        key = streams[stream].key
        for check in _streamed(streams):
            right, seed = key.expected(check), key.seed(check)
            if fault := fault_of(check, right):
                yield f"{check.name}, stream {stream}: {fault}"
                continue
            called = subject.called(check, seed)
            if differs(check, right, run_probe(check, subject.again, seed)):
                yield f"the solution fails {check.name} on stream {stream}"
            for name, (way, names) in subject.ways.items():
                if names is not None and not names & called:
                    continue  # all that runs is the solution's
                if differs(check, right, run_probe(check, way, seed)):
                    yield f"{name} fails {check.name} on stream {stream}"


def caught_on_all(subject: Subject, streams: Streams) -> Iterator[str]:
    """Every slip fails some check of its function on every stream."""
    for slip in subject.slips:
        slipped = overlay(slip, subject.reference)
        checks = [check for check in _streamed(streams) if check.of == slip.of]
        last = streams[streams.count - 1].key
        checks.sort(key=lambda check: last.expected(check).seconds)  # what is quick first
        missed = []
        for stream in range(1, streams.count):
            key = streams[stream].key
            for position, check in enumerate(checks):
                if _fails(check, slipped, key):
                    checks.insert(0, checks.pop(position))  # it probably catches it again
                    break
            else:
                missed.append(stream)
        if missed and not _caught_by_steady(slip, slipped, streams):
            yield f"{slip.name} loses nothing on stream {', '.join(map(str, missed))}"


def _caught_by_steady(slip: Misconception, slipped: LocalImplementation, streams: Streams) -> bool:
    """Whether a check that is the same in all streams catches it."""
    steady = [check for check in streams.checks if check.kind in ONE_STREAM]
    return any(_fails(check, slipped, streams[0].key) for check in steady if check.of == slip.of)


def _fails(check: Check, implementation: Implementation, key: AnswerKey) -> bool:
    outcome = run_probe(check, implementation, key.seed(check))
    return differs(check, key.expected(check), outcome)


def _streamed(streams: Streams) -> list[Check]:
    return [check for check in streams.checks if check.kind not in ONE_STREAM]


def _keys(streams: Streams, chosen: range) -> list[AnswerKey]:
    return [streams[stream].key for stream in chosen]
