"""nbgrader's command line in folders of its own, and the stock course that ours is held against."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
from nbformat.v4 import new_code_cell, new_notebook

from autograder.course.course import Course
from autograder.course.reference import load_reference
from tests.desk import PYTHONPATH
from tests.integrations.hand_ins import FILE, RIGHT, ROOT
from tests.integrations.nbgrader_attacks import ATTACKS, filled

NAME = "03_layernorm"
SHAPES = [(2, 3, 5), (7,), (4, 7), (2, 1, 3, 4), (3, 5)]
SCORES = """
SELECT a.student_id, sum(coalesce(g.manual_score, g.auto_score, 0)) FROM grade g
JOIN submitted_notebook n ON n.id = g.notebook_id
JOIN submitted_assignment a ON a.id = n.assignment_id GROUP BY a.student_id
"""


class Campus:
    """A folder with a course, an exchange and students' homes.

    warm: what runs the commands; else each starts anew, which takes longer than what it does.
    """

    def __init__(self, folder, warm=None):
        self.warm = warm
        self.folder, self.course, self.exchange = folder, folder / "course", folder / "exchange"
        self.exchange.mkdir()
        self.exchange.chmod(0o777)
        (folder / "secret").write_text("a secret for the tests only\n")
        kept = {name: text for name, text in os.environ.items() if "AUTOGRADER" not in name}
        self.environment = kept | {
            "AUTOGRADER_SECRET_FILE": str(folder / "secret"),
            "PYTHONPATH": PYTHONPATH,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",  # alembic
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONWARNINGS": "ignore",
            "OPENBLAS_NUM_THREADS": "1",
            "HOME": str(folder / "home"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }

    def run(self, *arguments, where=None, code=0):
        """A command of `python -m`."""
        place = where or self.folder
        if self.warm is not None:
            done = self.warm.run(arguments, self.environment, place)
        else:
            done = subprocess.run(
                [sys.executable, "-m", *map(str, arguments)],
                env=self.environment,
                cwd=place,
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def nbgrader(self, *arguments, where=None, code=0):
        return self.run("nbgrader", *arguments, where=where or self.course, code=code)

    def submit(self, assignment, students, *options):
        """`nbgrader submit` in each student's folder, in one process: starting takes longest."""
        program = (
            "import os, sys\nfrom nbgrader.apps import SubmitApp\n"
            "home, students, arguments = sys.argv[1], sys.argv[2].split(','), sys.argv[3:]\n"
            "for student in students:\n"
            "    os.chdir(os.path.join(home, student))\n"
            "    SubmitApp.clear_instance()\n"
            "    SubmitApp.launch_instance([*arguments, f'--student={student}'])\n"
        )
        (self.folder / "submit_all.py").write_text(program)
        home = self.folder / "home"
        return self.run("submit_all", home, ",".join(students), assignment, *options)

    def exchange_options(self, home):
        return (f"--Exchange.root={self.exchange}", f"--Exchange.cache={home / 'cache'}")

    def scores(self):
        """The points that the database has, by student."""
        with sqlite3.connect(self.course / "gradebook.db") as book:
            return dict(book.execute(SCORES).fetchall())


def stock_notebook():
    """A course as nbgrader's manual teaches it: hidden tests in the graded cells."""
    course = Course.load(ROOT)
    assignment = course.assignment(NAME)
    reference = load_reference(course).namespace
    work = RIGHT[FILE]
    cells = [
        new_code_cell("import numpy as np", id="imports"),
        new_code_cell(
            f"### BEGIN SOLUTION\n{work}\n### END SOLUTION",
            id="work",
            metadata=marked("work", solution=True),
        ),
    ]
    for function in assignment.functions:
        lines = ["### BEGIN HIDDEN TESTS"]
        for number, shape in enumerate(SHAPES):
            lines += hidden_test(reference, function.name, number, shape)
        source = "\n".join([*lines, "### END HIDDEN TESTS"])
        data = marked(function.name, points=function.points)
        cells.append(new_code_cell(source, id=function.name.replace("_", "-"), metadata=data))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def hidden_test(reference, name, number, shape):
    state = np.random.RandomState(number)
    x, gamma, beta = (state.normal(size=size) for size in (shape, shape[-1], shape[-1]))
    expected, cache = reference["layernorm"](x, gamma, beta)
    call = "got = layernorm(x, gamma, beta)[0]"
    if name.endswith("_backward"):
        expected = reference[name](np.ones(shape) * gamma, cache)[0]
        call = f"got = {name}(np.ones(x.shape) * gamma, layernorm(x, gamma, beta)[1])[0]"
    return [
        f"state = np.random.RandomState({number})",
        f"sizes = ({shape}, {shape[-1]}, {shape[-1]})",
        "x, gamma, beta = (state.normal(size=size) for size in sizes)",
        f"expected = np.array({expected.tolist()})",
        call,
        "assert np.allclose(got, expected)",
    ]


def marked(name, points=None, solution=False):
    ours = {"grade": points is not None, "grade_id": name, "locked": not solution, "task": False}
    ours |= {"schema_version": 3, "solution": solution, "cell_type": "code"}
    return {"nbgrader": ours | ({"points": points} if points else {})}


def release_stock_course(campus):
    """The stock course, generated."""
    source = campus.course / "source" / "stock"
    source.mkdir(parents=True)
    nbformat.write(stock_notebook(), source / "lab.ipynb")
    (campus.course / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'stock'\n"
    )
    campus.nbgrader("generate_assignment", "stock")


def stock_course(campus):
    """The stock course, and one submission of every kind."""
    release_stock_course(campus)
    released = nbformat.read(campus.course / "release/stock/lab.ipynb", 4)
    hand_in_stock(campus, "blank", released, None, {})
    hand_in_stock(campus, "right", released, RIGHT[FILE], {})
    for name, attack in ATTACKS.items():
        code = filled(attack.functions + attack.cell, name, campus.course, ROOT)
        files = {
            file: filled(text, name, campus.course, ROOT) for file, text in attack.files.items()
        }
        hand_in_stock(campus, name, released, code, files)


def hand_in_stock(campus, student, released, code, files):
    folder = campus.course / "submitted" / student / "stock"
    folder.mkdir(parents=True)
    notebook = nbformat.from_dict(released)
    for cell in notebook.cells:
        if code is not None and cell.id == "work":
            cell.source = code
    nbformat.write(notebook, folder / "lab.ipynb")
    for name, text in files.items():
        (folder / name).write_text(text)


def copy(source, target):
    shutil.copytree(source, target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
