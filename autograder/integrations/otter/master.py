"""The master notebook that `otter assign` reads: our public checks, as otter's test cells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from autograder.checker.declare import load_checks
from autograder.course.course import AssignedFunction, Assignment, Course

HELPER = "public_checks"

CONFIG = """# ASSIGNMENT CONFIG
init_cell: true
generate: false
run_tests: false
check_all_cell: false
tests:
  files: true
  ok_format: false
export_cell:
  pdf: false
  run_tests: false
  ignore_log: true
  files: [{package}]
  instructions: "The zip holds this notebook and the files of `{package}/`. Only the files of \
`{package}/` are graded."
files: {files}
"""

INTRODUCTION = """# {number} {title}

{summary}

The handout is `assignments/{name}/handout.html`. Write your code in {places}; this notebook is \
for trying it out and for the public checks. Whatever you write in its cells is not graded.
"""

SETUP = """%load_ext autoreload
%autoreload 2
import numpy as np
"""

TEST = """def {name}():
    from {helper} import passes
    passes("{assignment}", "{name}")
"""


def master_notebook(course: Course, assignment: Assignment, files: Sequence[str]) -> dict[str, Any]:
    """The notebook as JSON; `files` are what otter hands on beside it."""
    places = ", ".join(f"`{course.package}/{name}`" for name in assignment.files)
    config = CONFIG.format(package=course.package, files=json.dumps(list(files)))
    text = INTRODUCTION.format(
        number=assignment.number,
        title=assignment.title,
        summary=assignment.summary,
        name=assignment.name,
        places=places,
    )
    cells = [_cell("raw", config), _cell("markdown", text), _cell("code", SETUP)]
    for function in assignment.functions:
        cells += _question(course, assignment, function)
    for position, cell in enumerate(cells):
        origin = f"{assignment.name}/{position}".encode()
        cell["id"] = hashlib.sha256(origin).hexdigest()[:12]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _question(
    course: Course, assignment: Assignment, function: AssignedFunction
) -> list[dict[str, Any]]:
    """A function: where it is explained, a cell to try it, its public checks."""
    section = assignment.sections.get(function.section, "")
    module = course.contract.functions[function.name].module
    heading = f"## {function.name} ({function.points:g} points)"
    place = f"In `{course.package}/{module}.py`." + (f" Handout §{section}." if section else "")
    cells = [
        _cell("raw", f"# BEGIN QUESTION\nname: {function.name}\npoints: {function.points:g}\n"),
        _cell("markdown", f"{heading}\n\n{place}"),
        _cell("code", f"from {course.package}.{module} import {function.name}"),
    ]
    checks = [one for one in load_checks(assignment.public_checks) if one.of == function.name]
    if checks:
        cells.append(_cell("raw", "# BEGIN TESTS"))
        for check in checks:
            source = TEST.format(name=check.name, helper=HELPER, assignment=assignment.name)
            cells.append(_cell("code", source))
        cells.append(_cell("raw", "# END TESTS"))
    return [*cells, _cell("raw", "# END QUESTION")]


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.rstrip("\n")}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
