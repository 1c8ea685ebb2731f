"""What is proven of an assignment, in parts that can be done side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograder.course.course import Assignment, Course
from autograder.course.secret import Secret
from autograder.grading.judges import Streams
from autograder.verify.jail import jail_proofs
from autograder.verify.leaks import leak_proof
from autograder.verify.mutation import Mutation, run_mutants
from autograder.verify.proofs import Proof, run_proofs
from autograder.verify.rubrics import rubric_proof
from autograder.verify.steps import Changes, changes_of_steps, steps_proof
from autograder.verify.streams import stream_proofs
from autograder.verify.subject import Subject, live_key, make_subject

Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Part:
    """What one part found."""

    proofs: tuple[Proof, ...] = ()
    mutation: Mutation | None = None
    changes: Changes | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Report:
    """Everything that was proven of one assignment, or not."""

    assignment: str
    proofs: tuple[Proof, ...]
    mutation: Mutation | None
    seconds: float
    changes: Changes | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """All breaches, each in one line."""
        found = [f"{proof.title}: {line}" for proof in self.proofs for line in proof.problems]
        if self.mutation is not None:
            found += [f"mutant survives: {key}" for key in self.mutation.survivors]
            found += [f"explained, but killed or gone: {key}" for key in self.mutation.stale]
        return tuple(found)


class Examination:
    """One assignment with all that its parts need: what one of them computed, others use."""

    def __init__(self, course: Course, assignment: Assignment) -> None:
        self.course, self.assignment = course, assignment
        self.streams = Streams(course, assignment, Secret.load(course.id))
        self.subject: Subject = make_subject(
            course, assignment, self.streams[0], self.streams.reference, self.streams.slips
        )

    def part(self, name: str, *, mutants: bool, advance: Advance) -> Part:
        """One part, by its name."""
        started = time.perf_counter()
        course, assignment, streams = self.course, self.assignment, self.streams
        proofs: tuple[Proof, ...] = ()
        mutation = changes = None
        match name:
            case "proofs":
                proofs = tuple(run_proofs(self.subject))
            case "streams":
                proofs = (*stream_proofs(self.subject, streams), leak_proof(self.subject))
            case "jail":
                proofs = tuple(jail_proofs(course, assignment, streams))
            case "steps":
                proofs = (rubric_proof(assignment), steps_proof(streams))
                changes = changes_of_steps(streams) if mutants else None
            case "mutants":
                judge = streams[0]
                mutation = run_mutants(
                    course, assignment, judge.checks, live_key(judge), streams.reference, advance
                )
            case _:
                raise ValueError(f"there is no part {name}")
        return Part(proofs, mutation, changes, time.perf_counter() - started)


def parts_of(*, mutants: bool) -> tuple[str, ...]:
    """The parts in the order of a report, which holds every one of them or is none."""
    return ("proofs", "streams", "jail", "steps", *(["mutants"] if mutants else []))


def report_of(assignment: Assignment, parts: Sequence[Part]) -> Report:
    """All parts of an assignment, in order, as one report."""
    return Report(
        assignment.name,
        tuple(proof for part in parts for proof in part.proofs),
        next((part.mutation for part in parts if part.mutation is not None), None),
        sum(part.seconds for part in parts),
        next((part.changes for part in parts if part.changes is not None), None),
    )
