"""Steps of `nbgrader autograde`: cells as the gradebook knows them, graded by our judge.

They stand in for nbgrader's Execute, which runs students' code next to the hidden tests and with
the rights of the instructor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Unicode

from autograder.errors import GraderFault
from autograder.integrations.nbgrader.desk import DESK, CellGrade, cell_grades

MAKE = {"code": new_code_cell, "markdown": new_markdown_cell}
TAG = re.compile(r"<(?=[A-Za-z/!?])")


class LenientExporter(NotebookExporter):
    """Reads students' notebooks; one that can't be read counts as one without any cells."""

    def from_file(self, file_stream: Any, resources: Any = None, **options: Any) -> Any:
        """Keep the cells that are cells."""
        notebook = new_notebook()
        try:
            read = nbformat.reads(file_stream.read(), as_version=4)
            notebook.cells = [cell for cell in read.cells if _is_cell(cell)]
        except Exception as error:  # whatever a student's file does to a reader
            self.log.warning("The notebook can't be read (%s): graded without it.", error)
        return self.from_notebook_node(notebook, resources, **options)


class TrustedCells(NbGraderPreprocessor):
    """Puts every cell that nbgrader looks at back to what the gradebook knows of it.

    A removed one comes back, a copy is a plain cell, and metadata are the course's own. Of the
    student's there remains what they wrote into the cells that a person marks, and plain cells,
    with any HTML in them shown as text: they are read in an instructor's browser.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Go through the notebook from its end, as nbgrader does with copies."""
        place = resources["nbgrader"]
        with Gradebook(place["db_url"]) as gradebook:
            known = _known_cells(gradebook.find_notebook(place["notebook"], place["assignment"]))
        handed_out = _texts_handed_out(coursedir_of(self), place)
        found = set()
        for cell in reversed(nb.cells):
            if cell.cell_type != "code" and cell.source not in handed_out:
                cell.metadata.pop("raw_mimetype", None)
                cell.metadata.pop("format", None)
                cell.source = TAG.sub("&lt;", cell.source)
            theirs = cell.metadata.pop("nbgrader", None)
            name = theirs.get("grade_id") if isinstance(theirs, dict) else None
            if isinstance(name, str) and name in known and name not in found:
                found.add(name)
                _restore(cell, *known[name])
        for name, (source, metadata) in known.items():
            if name not in found:
                self.log.warning("The cell %s was missing; it is put back.", name)
                cell = MAKE[metadata["cell_type"]](source, metadata={"nbgrader": metadata})
                nb.cells.append(cell)
        return nb, resources


class GradeInJail(NbGraderPreprocessor):
    """Grades the submitted files in the jail and writes points and reasons on the graded cells."""

    course = Unicode("", help="The folder of the course: assignments/, solutions/ …").tag(
        config=True
    )
    isolation = Unicode("", help="Refuse to grade at a lower level than this.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """No cell is run."""
        place = resources["nbgrader"]
        root = Path(self.course)
        directory = coursedir_of(self)
        folder = directory.format_path(
            directory.submitted_directory, place["student"], place["assignment"]
        )
        result = DESK.grade(
            root, place["assignment"], place["student"], Path(folder), self.isolation
        )
        grades = cell_grades(root, result)
        for cell in nb.cells:
            if is_grade(cell) and not is_solution(cell):
                _write_grade(cell, grades)
        return nb, resources


def coursedir_of(preprocessor: Any) -> Any:
    """nbgrader's folders: the exporter is a preprocessor's parent, and the command is its."""
    return preprocessor.parent.parent.coursedir


def _texts_handed_out(directory: Any, place: Mapping[str, str]) -> set[str]:
    """The text cells of the course's own notebook."""
    source = directory.format_path(directory.source_directory, ".", place["assignment"])
    notebook = nbformat.read(Path(source, f"{place['notebook']}.ipynb"), as_version=4)
    return {cell.source for cell in notebook.cells if cell.cell_type != "code"}


def _is_cell(cell: Any) -> bool:
    return (
        isinstance(cell, dict)
        and cell.get("cell_type") in ("code", "markdown", "raw")
        and isinstance(cell.get("source"), str)
        and isinstance(cell.get("metadata"), dict)
    )


def _known_cells(notebook: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Source and metadata by name, from nbgrader's database."""
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    known = {}
    for cell in notebook.source_cells:
        metadata = {
            "cell_type": cell.cell_type,
            "checksum": cell.checksum,
            "grade": cell.name in points,
            "grade_id": cell.name,
            "locked": cell.locked,
            "schema_version": 3,
            "solution": cell.name in solutions,
            "task": False,
        }
        if cell.name in points:
            metadata["points"] = points[cell.name]
        known[cell.name] = (cell.source, metadata)
    return known


def _restore(cell: Any, source: str, metadata: dict[str, Any]) -> None:
    if cell.cell_type != metadata["cell_type"]:
        fresh = MAKE[metadata["cell_type"]](cell.source)
        cell.clear()
        cell.update(fresh)
    if metadata["locked"]:
        cell.source = source
    cell.metadata["nbgrader"] = nbformat.from_dict(metadata)


def _write_grade(cell: Any, grades: Any) -> None:
    name, most = cell.metadata.nbgrader["grade_id"], float(cell.metadata.nbgrader["points"])
    grade: CellGrade | None = grades.get(name)
    if grade is None or grade.most != most:
        raise GraderFault(
            f"The cell {name} ({most:g} points) does not fit the assignment's manifest any more. "
            "Run autograder release --nbgrader and nbgrader generate_assignment again."
        )
    value = {"text/plain": repr(grade.points)}
    cell.outputs = [
        new_output("execute_result", data=value, execution_count=1),
        new_output("stream", name="stdout", text=grade.text + "\n"),
    ]
    cell.execution_count = 1
