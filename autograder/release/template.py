"""The student template: for each assignment its stubs, handout, public checks and their answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.checker.bank import load_misconceptions
from autograder.checker.contract import Contract
from autograder.checker.declare import load_checks
from autograder.checker.draw import public_seed
from autograder.checker.key import LiveKey
from autograder.course.course import Assignment, Course
from autograder.course.package import package_files
from autograder.course.reference import load_reference
from autograder.errors import KitError
from autograder.explain.steps import load_steps
from autograder.release.answers import MOST_BYTES, Answers
from autograder.release.handouts import AI_POLICY, deadline_of, handout_text, to_html
from autograder.release.notebooks import FILE_NAME as NOTEBOOK
from autograder.release.notebooks import lab_notebook
from autograder.release.stubs import make_stub
from autograder.release.tools import tool_files
from autograder.student.record import FILE_NAME, Exercise, Record
from autograder.student.workspace import SOLUTIONS

README_SOURCE = "student_readme.md"
README_EXAMPLE = "01_activations"
GIVEN = "# Given whole: nothing to write here.\n"
EXTRAS = "extras"  # a folder of an assignment: what is in it goes to students as it is


@dataclass(frozen=True)
class TemplateFile:
    """One file for students. `theirs`: students write into it, so it is never overwritten."""

    path: PurePosixPath
    content: bytes
    theirs: bool = False


def base_files(course: Course) -> Iterator[TemplateFile]:
    """What comes with the first assignment: tools, README, what the package gives whole."""
    for tool, content in tool_files():
        yield TemplateFile(tool, content)
    readme = course.root / "assignments" / README_SOURCE
    if readme.is_file():
        text = readme.read_text(encoding="utf-8").replace(AI_POLICY, course.ai_policy.strip())
        first = course.assignments[0] if course.assignments else None
        if first is not None:
            text = text.replace(README_EXAMPLE, first.name)
            text = text.replace("check.py 01 ", f"check.py {first.number} ")
        yield TemplateFile(PurePosixPath("README.md"), text.encode())
    stubbed = {name for assignment in course.assignments for name in assignment.files}
    for name in dict.fromkeys(("__init__.py", *course.given_files)):
        path = course.solutions / course.package / name
        if name in stubbed:
            raise KitError(f"course.toml gives {name} whole, and an assignment stubs it.")
        yield TemplateFile(PurePosixPath(course.package, name), path.read_bytes())
    if course.assignments != course.every:
        yield from given_below(course, course.assignments)


def given_below(course: Course, assignments: Sequence[Assignment]) -> Iterator[TemplateFile]:
    """What assignments build on and nobody is asked to write, whole, and marked as given."""
    pattern = re.compile(rf"(?:from|import)\s+{re.escape(course.package)}\.(\w+)")
    imported = {
        module
        for one in assignments
        for path in (*one.folder.glob("*.py"), *one.folder.glob("extras/*.py"), one.handout)
        if path.is_file()
        for module in pattern.findall(path.read_text(encoding="utf-8"))
    }
    stubbed = {name for one in assignments for name in one.files}
    for path in package_files(course, assignments, imported):
        if path.name not in {*stubbed, *course.given_files, "__init__.py"}:
            content = GIVEN.encode() + path.read_bytes()
            yield TemplateFile(PurePosixPath(course.package, path.name), content)


def assignment_files(
    course: Course, assignment: Assignment, unseen: Collection[str] = ()
) -> Iterator[TemplateFile]:
    """What is new in one assignment. `unseen`: files of the package that nothing may speak of."""
    yield from stub_files(course, assignment)
    folder = PurePosixPath("assignments", assignment.name)
    for path in (assignment.handout, assignment.public_checks):
        if not path.is_file():
            raise KitError(f"{path} is missing: {assignment.name} can't be handed out without it.")
    markdown = handout_text(course, assignment)
    yield TemplateFile(folder / "handout.md", markdown.encode())
    yield TemplateFile(folder / "handout.html", to_html(markdown, assignment.folder).encode())
    for pattern in ("*.svg", "*.png"):
        for path in sorted((assignment.folder / "figures").glob(pattern)):
            yield TemplateFile(folder / "figures" / path.name, path.read_bytes())
    yield from extra_files(assignment)
    notebook = lab_notebook(course, assignment)
    yield TemplateFile(folder / NOTEBOOK, notebook.encode(), theirs=True)
    yield TemplateFile(folder / "test_public.py", assignment.public_checks.read_bytes())
    record = make_record(course, assignment, unseen)
    yield TemplateFile(folder / FILE_NAME, record.dumps().encode())


def stub_files(course: Course, assignment: Assignment) -> Iterator[TemplateFile]:
    """The files of the package that students write, with their own functions taken out."""
    for name in assignment.files:
        stub = stub_of(course, assignment, name)
        yield TemplateFile(PurePosixPath(course.package, name), stub.encode(), theirs=True)


def extra_files(assignment: Assignment) -> Iterator[TemplateFile]:
    """What an assignment's folder of extras holds; students change the programs among it."""
    folder = PurePosixPath("assignments", assignment.name, EXTRAS)
    for path in sorted((assignment.folder / EXTRAS).glob("*.*")):
        yield TemplateFile(folder / path.name, path.read_bytes(), theirs=path.suffix == ".py")


def stub_of(course: Course, assignment: Assignment, name: str) -> str:
    """One file of the package with the assignment's functions taken out."""
    path = course.solutions / course.package / name
    sections = assignment.sections
    messages = {}
    for function in assignment.functions:
        if course.contract.functions[function.name].module == path.stem:
            number = sections.get(function.section, "")
            place = f": see handout section {number}" if number else ""
            messages[function.name] = f"{function.name} is not written yet{place}"
    return make_stub(path.read_text(encoding="utf-8"), messages, str(path))


def make_record(course: Course, assignment: Assignment, unseen: Collection[str] = ()) -> Record:
    """The recorded answers to an assignment's public checks."""
    checks = load_checks(assignment.public_checks)
    slips = load_misconceptions(assignment.slips)
    reference = load_reference(course)
    key = LiveKey(reference, slips, lambda name: public_seed(assignment.name, name))
    for check in checks:
        outcome = key.expected(check)
        if outcome.probe_error or (outcome.error and check.kind != "error"):
            raise KitError(
                f"{assignment.name}: the reference does not come through the public check "
                f"{check.name}: {outcome.probe_error or outcome.error}"
            )
    answers = Answers(checks, key, assignment.sections)
    entries, texts = answers.slips()
    exercises = tuple(
        Exercise(
            function.name,
            course.contract.functions[function.name].module,
            function.section,
            assignment.sections.get(function.section, ""),
            function.below,
            function.hints,
        )
        for function in assignment.functions
    )
    functions = {
        name: function
        for name, function in course.contract.functions.items()
        if f"{function.module}.py" not in unseen
    }
    record = Record(
        assignment.name,
        assignment.title,
        Contract(course.package, functions),
        exercises,
        assignment.sections,
        entries,
        texts,
        deadline=deadline_of(course, assignment),
    )
    if not assignment.steps.is_file():
        return record
    room = MOST_BYTES - len(record.dumps().encode())
    steps = load_steps(assignment.steps, reference)
    return replace(record, changes=answers.changes(steps, room))


def solution_files(course: Course, assignment: Assignment) -> Iterator[TemplateFile]:
    """The reference of a past assignment, for students to read and to stand on."""
    for name in assignment.files:
        content = (course.solutions / course.package / name).read_bytes()
        yield TemplateFile(PurePosixPath(SOLUTIONS, course.package, name), content)


def template_files(course: Course) -> Iterator[TemplateFile]:
    """The whole template."""
    yield from base_files(course)
    for assignment in course.assignments:
        yield from assignment_files(course, assignment)


@dataclass(frozen=True)
class Written:
    """What a release did to a folder."""

    new: tuple[Path, ...]
    changed: tuple[Path, ...]
    kept: tuple[Path, ...]  # a student's own work, left as it was


def write_files(files: Iterator[TemplateFile], target: Path, *, overwrite: bool = False) -> Written:
    """Write files below a folder. What students write into is left alone where it exists."""
    new, changed, kept = [], [], []
    for file in files:
        path = target / file.path
        if not path.exists():
            new.append(path)
        elif path.read_bytes() == file.content:
            continue
        elif file.theirs and not overwrite:
            kept.append(path)
            continue
        else:
            changed.append(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    return Written(tuple(new), tuple(changed), tuple(kept))
