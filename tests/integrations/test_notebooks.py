"""Lab notebooks run: to the end with the solution in place, and with the untouched template too."""

import json
import shutil
import subprocess
import sys

import pytest

from autograder.course.course import Course
from autograder.release.notebooks import lab_cells, lab_notebook
from autograder.release.template import assignment_files, base_files, write_files
from tests.integrations.hand_ins import BLANK, FILE, RIGHT, ROOT, WRONG
from tests.integrations.kernels import warm_kernels
from tests.released import committed_template

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("matplotlib")

COURSE = Course.load(ROOT)
LABS = [one for one in COURSE.assignments if one.handout.is_file() and one.public_checks.is_file()]
NAMES = [one.name for one in LABS]


def unpack(folder, package):
    """One more release over a student's folder, and this package in it."""
    write_files(base_files(COURSE), folder)
    write_files(assignment_files(COURSE, COURSE.assignment("03")), folder)
    for name, text in package.items():
        (folder / name).write_text(text)


@pytest.fixture(scope="module", autouse=True)
def kernels():
    """Kernels as forks of one that has imported what labs start with."""
    with warm_kernels("numpy", "tests.integrations.plotting"):
        yield


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A student's folder with all assignments in it."""
    return committed_template(tmp_path_factory.mktemp("template") / "work")


@pytest.fixture(scope="module")
def solved(template, tmp_path_factory):
    folder = tmp_path_factory.mktemp("solved") / "work"
    shutil.copytree(template, folder)
    for name, text in RIGHT.items():
        (folder / name).write_text(text)
    return folder


def run(folder, name, cells=None):
    """The notebook after running it; an error in a cell is an error here."""
    place = folder / "assignments" / name
    notebook = nbformat.read(place / "lab.ipynb", as_version=4)
    nbformat.validate(notebook)
    if cells:
        notebook.cells = [nbformat.v4.new_code_cell(text) for text in cells]
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(place)}}
    )
    return client.execute()


def said(cell):
    return "".join(one.text for one in cell.outputs if one.output_type == "stream")


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.parametrize("name", NAMES)
def test_with_the_solution_everything_runs(solved, name):
    cells = code_cells(run(solved, name))
    checks = [said(cell) for cell in cells if cell.id.startswith("check-")]
    assert len(checks) == len(COURSE.assignment(name).functions)
    assert [text for text in checks if not text.startswith("✓")] == []
    assert [cell.id for cell in cells if "waits" in said(cell)] == []


@pytest.mark.parametrize("name", NAMES)
def test_with_the_template_cells_wait_quietly(template, name):
    cells = code_cells(run(template, name))
    needy = [cell for cell in cells if cell.source.startswith("%%needs")]
    assert needy
    assert [said(cell) for cell in needy if "not written yet" not in said(cell)] == []
    assert all(said(cell).startswith("·") for cell in cells if cell.id.startswith("check-"))


def setup_cell(name):
    return next(
        cell.source for cell in lab_cells(COURSE, COURSE.assignment(name)) if cell.id == "setup"
    )


def test_a_slip_is_told_as_check_py_tells_it(template, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    (folder / FILE).write_text(WRONG[FILE])
    cell = run(folder, "03_layernorm", [setup_cell("03_layernorm"), 'check("layernorm_backward")'])
    told = said(cell.cells[-1])
    shown = subprocess.run(
        [sys.executable, "check.py", "03"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout
    assert "A known slip gives exactly this" in told
    first = told[told.index("✗ layernorm_backward: ", 5) :].partition("\n\n")[0]
    assert first in shown


def test_a_saved_file_is_used_at_once(template, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    save = f"open(ROOT / {FILE!r}, 'w').write({{text!r}})"
    ask = "print(layernorm(np.ones((1, 4)), np.ones(4), np.zeros(4))[0].sum())"
    use = f"import numpy as np\nfrom transformer.layernorm import layernorm\n{ask}"
    shifted = RIGHT[FILE] + (
        "\n\n_plain = layernorm\n\n\ndef layernorm(x, gamma, beta, eps=1e-5):\n"
        "    y, cache = _plain(x, gamma, beta, eps)\n    return y + 1, cache\n"
    )
    notebook = run(
        folder,
        "03_layernorm",
        [
            setup_cell("03_layernorm"),
            'check("layernorm")',
            save.format(text=RIGHT[FILE]),
            'check("layernorm")',
            use,
            'check("layernorm")',
            save.format(text=shifted),
            ask,
        ],
    )
    before, after = said(notebook.cells[4]), said(notebook.cells[7])
    assert said(notebook.cells[1]).startswith("·")
    assert said(notebook.cells[3]).startswith("✓")
    assert (float(before), float(after)) == (0, 4)


def test_points_are_returned_where_they_are_asked_for(template, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    (folder / FILE).write_text(WRONG[FILE])
    cells = [setup_cell("03_layernorm"), 'check("layernorm", points=7)']
    cells += ['check("layernorm_backward", points=13)', 'check("nothing", points=1)']
    results = [
        float(cell.outputs[-1].data["text/plain"])
        for cell in run(folder, "03_layernorm", cells).cells[1:]
    ]
    assert results[0] == 7
    assert 0 < results[1] < 13
    assert results[2] == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_stable_and_bare(name):
    assignment = COURSE.assignment(name)
    text = lab_notebook(COURSE, assignment)
    assert text == lab_notebook(COURSE, assignment)
    assert len(text) < 60_000
    document = json.loads(text)
    ids = [cell["id"] for cell in document["cells"]]
    assert len(ids) == len(set(ids))
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in document["cells"])


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_the_whole_handout(name):
    assignment = COURSE.assignment(name)
    cells = lab_cells(COURSE, assignment)
    text = "\n".join(cell.source for cell in cells)
    lines = [line for line in assignment.handout.read_text().splitlines() if line.strip()]
    fences = ("```", "{{")
    assert [line for line in lines if line not in text and not line.startswith(fences)] == []


def test_students_work_in_a_notebook_survives_a_release(template, tmp_path):
    folder = tmp_path / "work"
    shutil.copytree(template, folder)
    mine = folder / "assignments" / "03_layernorm" / "lab.ipynb"
    mine.write_text(mine.read_text().replace("Layer normalisation", "My layer normalisation", 1))
    unpack(folder, BLANK)
    assert "My layer normalisation" in mine.read_text()
