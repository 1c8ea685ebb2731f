"""Submissions laid out for programs that look for similar code: Dolos and JPlag.

The kit itself accuses nobody: which pairs are worth a look is for those programs to show, and what
a pair means is for people to find out. The README beside the files says how not to read them.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from autograder.course.course import Assignment, Course
from autograder.documents.tables import csv_text
from autograder.release.template import stub_of
from autograder.uploads.submission import Submission

SUBMISSIONS, BASE, README = "submissions", "base", "README.md"
SHORT = 5  # statements: a function of so few has hardly two forms

TEXT = """\
# {number} {title}: who wrote alike?

`{submissions}/` holds a folder for each of {count} submissions: the files of this assignment, and
files that students added. Earlier assignments and what was given whole are left out. `{base}/` is
what students began with; both programs below take it out of the comparison.

Run them in this folder, on your own machine: the code carries students' names, and a web service is
no place for it.

## Dolos

Install it with `npm install -g @dodona/dolos`. It compares file by file, so it runs once for each:

```sh
{dolos}
```

It opens the result in a browser; `-f csv` writes tables instead.

## JPlag

Download `jplag.jar` from its releases. It compares whole folders, added files too:

```sh
java -jar jplag.jar -l python3 -bc {base} -r similarity {submissions}
```

It writes `similarity.jplag` and shows it; `java -jar jplag.jar similarity.jplag` shows it again.
Versions before 6 write a zip file for a viewer of its own.

## How not to read it

- **The same code is what you asked for.** The handout derives the formula, the stub fixes names,
  arguments and their order, and the course's conventions fix the rest. Two people who never met
  write the same lines.{short}
- **A number is no finding.** There is no percentage above which somebody copied. Look at where a
  pair stands among all pairs of this assignment, not at its value: where half of the class is at
  70 %, 75 % says nothing.
- **What is telling is what nobody needed to write**: the same odd helper, the same comment or slip
  of spelling, the same wrong turn that was then patched in the same way, a line that does nothing.
  The same known mistake is not telling: it is known because many make it.
- **A low number clears nobody.** Who rewrites a friend's code with care is not found, and what a
  language model wrote resembles no classmate's.
- **A group's members share one folder**, and friends who explained the formula to each other did
  what the course hopes for. Look first at what the rules for help allow.
- **Ask before you decide.** Let each of the two explain a line, and change it. What stands here
  takes no point off anybody; who decides to, says so in the grades, with a reason.
"""


def similarity_files(
    course: Course,
    assignment: Assignment,
    submissions: Sequence[Submission],
    names: Mapping[str, str],
) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path and content of every file. `names`: what people are called, by submission."""
    known = frozenset(path.name for path in (course.solutions / course.package).glob("*.py"))
    own = {one.id: own_files(one.files, course.package, assignment, known) for one in submissions}
    for student, files in own.items():
        for name, content in files.items():
            yield PurePosixPath(SUBMISSIONS, student, name), content
    for name in assignment.files:
        yield PurePosixPath(BASE, name), stub_of(course, assignment, name).encode()
        rows: list[list[object]] = [["filename", "full_name"]]
        rows += [
            [f"{SUBMISSIONS}/{student}/{name}", names.get(student) or student]
            for student, files in own.items()
            if name in files
        ]
        yield PurePosixPath(table_of(name)), csv_text(rows).encode()
    yield PurePosixPath(README), _readme(course, assignment, len(own)).encode()


def own_files(
    files: Mapping[str, bytes], package: str, assignment: Assignment, known: frozenset[str]
) -> dict[str, bytes]:
    """What a student wrote for this assignment, in one folder: its files, and files of their own.

    `known`: the files of the package that other assignments ask for, or that are given.
    """
    found: dict[str, bytes] = {}
    inside_first = sorted(files, key=lambda name: (PurePosixPath(name).parts[0] != package, name))
    for path in inside_first:
        parts = PurePosixPath(path).parts
        inner = parts[1:] if parts[0] == package else parts
        name = "_".join(inner)
        other = name in known and name not in assignment.files
        if other or not files[path].strip() or found.get(name) == files[path]:
            continue
        found[f"beside_{name}" if name in found else name] = files[path]
    return found


def table_of(name: str) -> str:
    """Dolos' list of the submissions' files of one name."""
    return f"{name.removesuffix('.py')}.csv"


def short_functions(course: Course, assignment: Assignment) -> list[str]:
    """The functions asked for that the reference writes in a few statements, in order."""
    found = []
    for name in assignment.files:
        path = course.solutions / course.package / name
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and _statements(node) <= SHORT:
                found.append(node.name)
    return [one.name for one in assignment.functions if one.name in found]


def _statements(function: ast.FunctionDef) -> int:
    """All statements, at any depth, without the docstring."""
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    return len(nodes) - 1 - (ast.get_docstring(function) is not None)


def _readme(course: Course, assignment: Assignment, count: int) -> str:
    short = [f"`{name}`" for name in short_functions(course, assignment)]
    words = ""
    if short:
        sentence = f"The reference writes {_listed(short)} in at most {SHORT} statements: "
        sentence += "such code has one natural form, and likeness there says nothing at all."
        words = "\n" + textwrap.fill(sentence, 98, initial_indent="  ", subsequent_indent="  ")
    runs = [
        f"dolos run -f web -l python -i {BASE}/{name} {table_of(name)}" for name in assignment.files
    ]
    return TEXT.format(
        number=assignment.number,
        title=assignment.title,
        count=count,
        submissions=SUBMISSIONS,
        base=BASE,
        dolos="\n".join(runs),
        short=words,
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
