"""The skeleton of an assignment: every file that it needs, with one worked pair of functions.

What it writes works as it stands (`autograder verify NAME` proves it), so that an author changes
one thing at a time and is told at once what no longer holds.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from autograder.course.course import Course
from autograder.errors import UsageProblem

FILES = {
    "assignments/@NAME@/assignment.toml": """title = "@TITLE@"
summary = "One sentence for lists: what students build here."
builds_on = []              # earlier assignments whose functions this one uses
hours = 3                   # an estimate
files = ["@MODULE@.py"]     # what students fill, in solutions/@PACKAGE@/
given = []                  # functions of those files that are handed out whole

[[function]]                # in the order in which students should write them
name = "@MODULE@"
points = 2
section = "what-it-computes"
below = []                  # functions of this assignment that it may borrow if the student's fail
hints = [
  "A nudge: look at one number alone.",
  "More: which product has x in it twice?",
  "Nearly the formula: y = x times x.",
]

[[function]]
name = "@MODULE@_backward"
points = 3
section = "its-gradient"
below = []
hints = [
  "What does y do when x grows a little?",
  "The derivative of x times x is 2 x.",
  "dx = dy times 2 x; the cache must hold x.",
]
""",
    "assignments/@NAME@/handout.md": """# @NUMBER@ @TITLE@

Open with a question that the reader can't answer yet. Here: if `y` is the square of `x`, how far does
`y` move when `x` moves by a little?

## @NUMBER@.1 What it computes

$$y_i = x_i^2$$

## @NUMBER@.2 Its gradient

Each `y` depends on one `x` only, so

$$dx_i = dy_i \\cdot 2 x_i$$

## @NUMBER@.3 What to write, in order

1. `@MODULE@`, then run `python check.py @NUMBER@`.
2. `@MODULE@_backward`.
""",
    "assignments/@NAME@/instructor_notes.md": """# @NUMBER@ @TITLE@: notes for instructors

Common mistakes, marking advice, five oral questions with what a good answer holds. The written task
and its points are in `rubric.toml` beside this page.
""",
    "assignments/@NAME@/rubric.toml": """# What people mark, on the page that `autograder desk` opens.

[[task]]
id = "cube"                 # marks are kept under it
title = "A cube"
section = "its-gradient"    # of the handout
points = 3                  # what the lines come to
question = "For $y = x^3$: derive $dx$, and say what the cache must hold."
solution = "$dx = 3 x^2 dy$; the cache holds $x$."

[[task.line]]
points = 2
text = "the derivative, with $dy$"

[[task.line]]
points = 1
text = "what the cache holds, and why"
""",
    "assignments/@NAME@/test_public.py": '''"""Public checks: students run these. They hold no expected values."""

from autograder.checker import check


@check(of="@MODULE@")
def test_two_rows(impl, draw):
    """y for two rows."""
    y, _ = impl.@MODULE@(draw.normal(2, 3))
    return {"y": y}


@check(of="@MODULE@_backward")
def test_gradient_of_two_rows(impl, draw):
    """dx for two rows and a random dy."""
    x, dy = draw.normal(2, 3), draw.normal(2, 3)
    _, cache = impl.@MODULE@(x)
    return {"dx": impl.@MODULE@_backward(dy, cache)}
''',
    "autograder/hidden/@NAME@/checks.py": '''"""Hidden checks: the same interface as the public ones, other inputs, a closer look."""

import numpy as np

from autograder.checker import check


@check(of="@MODULE@")
def test_values(impl, draw):
    """y for a (batch, features) input."""
    y, _ = impl.@MODULE@(draw.normal(4, 5))
    return {"y": y}


@check(of="@MODULE@", kind="dtype")
def test_float32(impl, draw):
    """float32 in, float32 out."""
    y, _ = impl.@MODULE@(draw.normal(3, 2, dtype=np.float32))
    return {"y": y}


@check(of="@MODULE@_backward", weight=2)
def test_gradient(impl, draw):
    """dx for a random dy."""
    x, dy = draw.normal(4, 5), draw.normal(4, 5)
    _, cache = impl.@MODULE@(x)
    return {"dx": impl.@MODULE@_backward(dy, cache)}
''',
    "autograder/hidden/@NAME@/slips.py": '''"""Known slips: what students read when their answer is just this."""

from autograder.checker import misconception


@misconception(of="@MODULE@", see="handout.md#what-it-computes")
def doubles(x):
    """x was doubled; it must be multiplied by itself."""
    return x + x


@misconception(of="@MODULE@_backward", see="handout.md#its-gradient")
def forgets_the_two(dy, x):
    """The factor 2 is missing: x stands in the product twice, and both places count."""
    return dy * x


@misconception(of="@MODULE@_backward", see="handout.md#its-gradient")
def forgets_dy(dy, x):
    """dy is missing: the derivative has to be multiplied by what arrives."""
    return 2 * x
''',
    "autograder/hidden/@NAME@/steps.py": '''"""The steps of each function: what goes wrong in them is explained without a slip for it."""

from autograder.explain.steps import steps


@steps(see="handout.md#what-it-computes")
def @MODULE@(x):
    return x * x


@steps(see="handout.md#its-gradient")
def @MODULE@_backward(dy, x):
    # why: x stands in the product twice, and both places count.
    derivative = 2 * x  # the derivative of the square
    # why: The chain rule multiplies the derivative by dy, what arrives.
    return dy * derivative
''',
    "autograder/hidden/@NAME@/accepted/power/@MODULE@.py": '''"""Right as well: another formula, and a cache of another kind."""

import numpy as np


def @MODULE@(x):
    return np.square(x), {"x": x}


def @MODULE@_backward(dy, cache):
    return 2 * (dy * cache["x"])
''',
    "solutions/@PACKAGE@/@MODULE@.py": '''"""@TITLE@: the reference that students read after the deadline."""


def @MODULE@(x):
    """The square of each number (say here in which paper it is found).

    x: (...)   ->   y: (...), cache
    """
    return x * x, x


def @MODULE@_backward(dy, cache):
    """dy: (...)   ->   dx: (...)"""
    return dy * (2 * cache)
''',
}


def write_skeleton(course: Course, name: str) -> list[Path]:
    """Write the files of a new assignment; their paths. UsageProblem if something is in the way."""
    match = re.fullmatch(r"(\d+)_([a-z][a-z0-9_]*)", name)
    if not match:
        raise UsageProblem(
            f'"{name}" is no name for an assignment: a number, an underscore and a name in lower '
            "case, such as 10_pooling. The number says where in the course it comes."
        )
    if any(one.number == match[1] for one in course.every):
        raise UsageProblem(f"There is an assignment with the number {match[1]} already.")
    marks = {
        "@NAME@": name,
        "@NUMBER@": match[1].lstrip("0") or "0",
        "@MODULE@": match[2],
        "@TITLE@": match[2].replace("_", " ").capitalize(),
        "@PACKAGE@": course.package,
    }
    written = {
        course.root / _filled(path, marks): _filled(text, marks) for path, text in FILES.items()
    }
    if there := [path for path in written if path.exists()]:
        raise UsageProblem(f"{there[0]} exists already; nothing was written.")
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(written)


def _filled(text: str, marks: dict[str, str]) -> str:
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


@click.command()
@click.argument("name")
@click.option("--course", "root", type=click.Path(path_type=Path), help="The course's folder.")
def new(name: str, root: Path | None) -> None:
    """Start an assignment of your own: NAME is a number and a name, such as 10_pooling.

    Writes a small example that works as it stands, in all the places that an assignment has.
    """
    course = Course.find(root)
    for path in write_skeleton(course, name):
        click.echo(f"wrote {path.relative_to(course.root)}")
    click.echo(
        f"\nNext: change the solution, then run `autograder verify {name}`. It says what no longer\n"
        "holds: a check without a slip, a slip without a name, an anchor that is gone."
    )
