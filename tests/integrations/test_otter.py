"""otter-grader's own commands on our assignment: same scores, and nothing runs in its kernel."""

import json
import subprocess
import sys
import zipfile

import nbformat
import pytest

from autograder.course.course import Course
from tests.integrations import stock_otter
from tests.integrations.hand_ins import (
    BLANK,
    FILE,
    RIGHT,
    ROOT,
    SPY,
    WRONG,
    hidden_rows,
    hostile,
)
from tests.integrations.test_gradescope import autograder, document_of_the_spy, environment

NOTEBOOK = "03_layernorm.ipynb"
WINS = ("patched_comparisons", "patched_scorer", "frame_walk")
ESCAPES = ("shadowed_modules", "pickles")


class Desk:
    """The released assignment, what is handed in, and otter's commands."""

    def __init__(self, folder):
        self.folder = folder
        self.released = folder / "03"

    def otter(self, *arguments, cwd=None):
        return subprocess.run(
            [sys.executable, "-m", "otter", *map(str, arguments)],
            cwd=cwd or self.folder,
            env=environment(self.folder),
            capture_output=True,
            text=True,
            check=False,
        )

    def pack(self, name, files):
        """The zip that the notebook's export cell makes, with whatever else is in it."""
        path = self.folder / f"{name}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            notebook = self.released / "student" / NOTEBOOK
            for entry, content in ({NOTEBOOK: notebook.read_text()} | files).items():
                archive.writestr(entry, content)
        return path

    def prepare(self, name, files, bundle=None):
        """An upload, the bundle that grades it, and an empty folder for its results.json."""
        out = self.folder / f"{name}-results"
        out.mkdir()
        return self.pack(name, files), bundle or self.released / "autograder.zip", out

    def run(self, name, files):
        """By the command."""
        upload, bundle, out = self.prepare(name, files)
        done = self.otter("run", "-a", bundle, "-o", out, upload)
        assert done.returncode == 0, done.stderr
        assert "PLUGIN REPORT" in done.stdout
        return self.result(name)

    def run_all(self, jobs):
        """Many by the function behind the command, one after the other in one process."""
        arguments = []
        for upload, *job in jobs:
            anew = any(name in upload.name for name in ESCAPES)
            arguments.append(json.dumps([str(upload), *map(str, job), anew]))
        subprocess.run(
            [sys.executable, "-m", "tests.integrations.otter_runs", *arguments],
            env=environment(self.folder),
            cwd=ROOT,
            capture_output=True,
            check=True,
        )

    def result(self, name):
        return json.loads((self.folder / f"{name}-results" / "results.json").read_text())


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("otter"))
    autograder(desk.folder, "release", "03", "--otter", desk.released)
    return desk


@pytest.fixture(scope="module")
def mark(desk):
    return desk.folder / "mark"


@pytest.fixture(scope="module")
def class_(mark):
    attacks = hostile(mark)
    script = {"notes.py": f"open('{mark}', 'w').write('x')\n"}
    attacks["pickles"] |= {NOTEBOOK: hostile_notebook(mark)} | script
    return {"right": RIGHT, "wrong": WRONG, "blank": BLANK, **attacks}


def hostile_notebook(mark):
    cell = nbformat.v4.new_code_cell(f"open({str(mark)!r}, 'w').write('x')\n%alias_magic t time")
    metadata = {"kernelspec": {"name": "bash", "language": "bash", "display_name": "b"}}
    return nbformat.writes(nbformat.v4.new_notebook(cells=[cell], metadata=metadata))


@pytest.fixture(scope="module")
def results(desk, class_):
    """All runs: ours for the whole class, stock otter's for the attacks; a slip in our bundle."""
    course = Course.find(ROOT)
    stock = stock_otter.make(course, course.assignment("03"), desk.folder / "stock")
    jobs = [
        desk.prepare(name, files)
        for name, files in class_.items()
        if name not in ("right", "wrong")
    ]
    jobs.append(desk.prepare("spy", {FILE: SPY[FILE]}))
    jobs.append(desk.prepare("essay", {"essay.txt": "I could not do it"}))
    jobs.append(desk.prepare("faulty", RIGHT, broken(desk)))
    for name in (*WINS, *ESCAPES):
        files = hostile(desk.folder / f"mark-{name}")[name]
        jobs.append(desk.prepare(f"stock-{name}", files, stock))
    desk.run_all(jobs)
    for name in ("right", "wrong"):
        desk.run(name, class_[name])
    return desk.result


def broken(desk):
    """Our bundle with a fault in its hidden checks."""
    path = desk.folder / "broken.zip"
    with (
        zipfile.ZipFile(desk.released / "autograder.zip") as old,
        zipfile.ZipFile(path, "w") as new,
    ):
        for name in old.namelist():
            fault = name == "course/autograder/hidden/03_layernorm/checks.py"
            new.writestr(name, "raise RuntimeError('a slip')" if fault else old.read(name))
    return path


def total(result):
    return round(sum(row.get("score", 0) for row in result["tests"]), 2)


def test_same_scores_as_autograder_grade(desk, class_, results, mark):
    for name, files in class_.items():
        for path, content in files.items():
            target = desk.folder / "uploads" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = autograder(desk.folder, "grade", "03", desk.folder / "uploads", "--json")
    expected = {one["student"]: one["score"] for one in json.loads(out)["results"]}
    assert {name: total(results(name)) for name in class_} == expected
    assert expected["right"] == 20
    assert expected["blank"] == 0
    assert 5 < expected["wrong"] < 15


def test_attacks_get_nothing(results, mark):
    names = tuple(hostile(mark))
    assert {name: total(results(name)) for name in names} == dict.fromkeys(names, 0)
    assert not mark.exists()


def test_the_same_attacks_win_against_stock_otter(desk, results):
    assert {name: total(results(f"stock-{name}")) for name in WINS} == dict.fromkeys(WINS, 20)
    for name in ESCAPES:
        assert (desk.folder / f"mark-{name}").exists(), name


def test_messages_are_ours(results):
    rows = {row["name"]: row for row in results("wrong")["tests"]}
    assert list(rows) == ["layernorm", "layernorm_backward"]
    assert rows["layernorm"]["score"] == rows["layernorm"]["max_score"] == 7
    backward = rows["layernorm_backward"]
    assert backward["max_score"] == 13
    assert "the standard deviation was treated as a constant" in backward["output"]
    assert "worst at" not in backward["output"]  # values of hidden checks stay hidden
    assert {row["visibility"] for row in rows.values()} == {"visible"}
    assert "isolation: " in results("wrong")["output"]


def test_no_hidden_input_is_in_what_a_student_gets(results, desk):
    """A spy prints, warns and raises them; nothing comes back for a table in the next attempt."""
    rows = hidden_rows(document_of_the_spy(desk.folder))
    text = json.dumps(results("spy"))
    assert "ValueError" in text
    assert not [row for row in rows if row in text]


def test_students_get_what_otter_assign_made_of_the_master_notebook(desk):
    student = desk.released / "student"
    notebook = (student / NOTEBOOK).read_text()
    assert 'grader.check(\\"layernorm_backward\\")' in notebook
    assert "BEGIN TESTS" not in notebook
    assert "OK_FORMAT = False" in (student / "tests" / "layernorm.py").read_text()
    assert "NotImplementedError" in (student / FILE).read_text()
    assert not (student / "autograder" / "hidden").exists()


def test_public_tests_show_our_messages(desk):
    """The student's notebook, run where the work is wrong, and its export handed in."""
    folder = desk.folder / "student"
    desk.pack("student", WRONG)
    with zipfile.ZipFile(desk.folder / "student.zip") as archive:
        archive.extractall(folder)
    for path in (desk.released / "student").rglob("*"):
        target = folder / path.relative_to(desk.released / "student")
        if path.is_file() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=notebook", "--execute", "--inplace", NOTEBOOK],
        env=environment(desk.folder),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (folder / NOTEBOOK).read_text()
    assert "layernorm</pre></strong> passed!" in text
    assert "A known slip gives exactly this" in text
    assert "the standard deviation was treated as a constant" in text
    exported = next(folder.glob("03_layernorm_*.zip"))
    with zipfile.ZipFile(exported) as archive:
        assert FILE in archive.namelist()
        assert ".OTTER_LOG" not in archive.namelist()


def test_a_fault_of_the_grader_is_no_zero(desk, results):
    folder = desk.folder / "faulty-results"
    assert [path.name for path in folder.iterdir()] == ["error.txt"]
    assert "a slip" in (folder / "error.txt").read_text()


def test_a_refused_upload_says_why(results):
    assert total(results("essay")) == 0
    assert "neither a folder" in results("essay")["output"]
