"""Whether an assignment's rubric makes sense."""

from autograder.course.course import Assignment
from autograder.errors import UsageProblem
from autograder.verify.proofs import Proof


def rubric_proof(assignment: Assignment) -> Proof:
    """Its lines come to the points of each task, and sections are there."""
    try:
        return Proof("the rubric adds up", sum(len(task.line) for task in assignment.tasks), ())
    except UsageProblem as problem:
        return Proof("the rubric adds up", 1, (str(problem),))
