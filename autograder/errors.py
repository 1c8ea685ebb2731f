"""Errors that are written for people: what happened, to which file or student, what to do next."""


class KitError(Exception):
    """Something outside a submission keeps the kit from doing what was asked."""

    exit_code = 3


class UsageProblem(KitError):
    """The command or a file that the instructor wrote asks for something that makes no sense."""

    exit_code = 2


class GraderFault(KitError):
    """The grader itself failed on one submission: never the student's zero."""
