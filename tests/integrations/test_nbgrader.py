"""The nbgrader door with nbgrader's own commands, from an empty folder to exported grades."""

import csv
import json
import re
import shutil
import sqlite3

import pytest

from tests.integrations.hand_ins import BLANK, FILE, RIGHT, ROOT, SPY, WRONG, hidden_rows

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbgrader")

from tests.integrations.nbgrader_attacks import ATTACKS, filled  # noqa: E402
from tests.integrations.nbgrader_desk import NAME, Campus, copy  # noqa: E402
from tests.warm import Warm  # noqa: E402

HALF = BLANK | {
    FILE: RIGHT[FILE].partition("    x_hat, inv_std, gamma = cache")[0]
    + "    raise NotImplementedError\n"
    + RIGHT[FILE][RIGHT[FILE].index("\n\n# Products") :]
}
HONEST = {"ada": RIGHT, "ben": WRONG, "cai": BLANK, "dee": HALF, "eli": RIGHT}
HOSTILE = {
    "fay": ("patched_allclose", "frame_walk"),
    "gil": ("input_transformer", "ast_transformer"),
    "hal": ("display_hook",),
    "ivo": ("exec_of_source",),
    "jon": ("shadowed_numpy", "shadowed_launcher", "gradebook_write"),
}
OTHERS = {"kim": SPY}
MINE = "c.Exchange.root = str(HERE.parent / 'exchange')\n"


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def mischief(campus, folder, student):
    """Code in cells and in files, and graded cells that are removed, copied and made worth more."""
    chosen = [ATTACKS[name] for name in HOSTILE[student]]
    code = "".join(attack.functions + attack.cell for attack in chosen)
    code = filled(code, student, campus.course, ROOT)
    write(folder, {FILE: BLANK[FILE] + code})
    for attack in chosen:
        texts = {
            name: filled(text, student, campus.course, ROOT) for name, text in attack.files.items()
        }
        write(folder, texts)
    notebook = nbformat.read(folder / "lab.ipynb", 4)
    graded = [cell for cell in notebook.cells if "points" in cell.metadata.get("nbgrader", {})]
    notebook.cells.insert(1, nbformat.v4.new_code_cell(code))
    notebook.cells.remove(graded[0])
    graded[1].source = "full marks"
    graded[1].metadata.nbgrader.points = 100
    graded[1].metadata.nbgrader.solution = True
    graded[1].outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "99"})]
    notebook.cells.append(nbformat.from_dict(graded[1]))
    notebook.cells[-1].id = "a-copy"
    notebook.cells[-1].metadata.nbgrader.grade_id = "invented"
    nbformat.write(notebook, folder / "lab.ipynb")


@pytest.fixture(scope="module")
def campus(tmp_path_factory):
    """The whole way, once: every test below looks at what is there at its end."""
    warm = Warm(
        [
            *("nbgrader.apps.nbgraderapp", "nbgrader.apps"),
            *("autograder.commands.grade", "tests.released_always"),
        ]
    )
    campus = Campus(tmp_path_factory.mktemp("campus"), warm)
    command = ("autograder", "release", "03", "--nbgrader", campus.course, "--course", ROOT)
    campus.run(*command)
    config = campus.course / "nbgrader_config.py"
    config.write_text(config.read_text() + MINE)
    campus.run(*command)  # again: own settings stay
    campus.nbgrader("generate_assignment", NAME)
    campus.nbgrader("release_assignment", NAME)
    home = campus.folder / "home"
    home.mkdir()
    options = ("--course=transformer", *campus.exchange_options(home))
    campus.nbgrader("fetch_assignment", NAME, *options, where=home)
    for student in (*HONEST, *HOSTILE, *OTHERS):
        folder = home / student / NAME
        copy(home / NAME, folder)
        if student not in HOSTILE:
            write(folder, (HONEST | OTHERS)[student])
        else:
            mischief(campus, folder, student)
        if student == "ada":
            notebook = nbformat.read(folder / "lab.ipynb", 4)
            notebook.cells[-1].source = "It is a projection, and <script>alert(1)</script> so on."
            nbformat.write(notebook, folder / "lab.ipynb")
        if student == "eli":
            (folder / "lab.ipynb").write_text("{ half a notebook")
    campus.submit(NAME, (*HONEST, *HOSTILE, *OTHERS), *options)
    campus.nbgrader("collect", NAME)
    campus.nbgrader("autograde", NAME)
    campus.nbgrader("generate_feedback", NAME)
    campus.nbgrader("export")
    yield campus
    warm.close()


@pytest.fixture(scope="module")
def graded(campus):
    """What `autograder grade` says of the same files."""
    uploads = campus.folder / "uploads"
    for student in (*HONEST, *HOSTILE, *OTHERS):
        shutil.copytree(campus.course / "submitted" / student / NAME, uploads / student)
    campus.run(
        *("autograder", "grade", "03", uploads, "--course", ROOT),
        *("--results", campus.folder / "results"),
    )
    results = (campus.folder / "results" / NAME).glob("*.json")
    return {path.stem: json.loads(path.read_text())["score"] for path in results}


@pytest.fixture(scope="module")
def exported(campus):
    with (campus.course / "grades.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def feedback(campus, student):
    return (campus.course / "feedback" / student / NAME / "lab.html").read_text()


def test_scores_are_those_of_the_grade_command(campus, graded):
    scores = campus.scores()
    assert {name: round(score, 2) for name, score in scores.items()} == graded
    assert len(scores) == 11


def test_honest_work_gets_what_it_is_worth(campus):
    scores = campus.scores()
    assert scores["ada"] == scores["eli"] == 20
    assert scores["cai"] == 0
    assert 0 < scores["dee"] < scores["ben"] < 20


@pytest.mark.parametrize("student", HOSTILE)
def test_no_attack_takes_a_point(campus, student):
    assert campus.scores()[student] == 0


def test_points_of_cells_are_the_courses(campus):
    with sqlite3.connect(campus.course / "gradebook.db") as book:
        cells = dict(
            book.execute(
                "SELECT b.name, g.max_score FROM grade_cells g JOIN base_cell b USING (id)"
            )
        )
    assert cells == {"layernorm": 7, "layernorm_backward": 13, "derivation": 10}


def test_only_what_a_person_must_mark_waits_for_one(exported):
    assert {name for name, row in exported.items() if row["needs_marking"]} == {"ada"}


def test_the_export_keeps_checks_and_marks_apart(exported, graded):
    assert {name: float(row["checks"]) for name, row in exported.items()} == graded
    assert {row["max_score"] for row in exported.values()} == {"30.0"}
    assert all(row["submitted_at"] for row in exported.values())


def test_a_marked_derivation_is_added(campus):
    copy_of = campus.folder / "marked"
    shutil.copytree(campus.course, copy_of)
    with sqlite3.connect(copy_of / "gradebook.db") as book:
        book.execute(
            "UPDATE grade SET manual_score = 8, needs_manual_grade = 0 WHERE cell_id IN "
            "(SELECT id FROM base_cell WHERE name = 'derivation') AND needs_manual_grade"
        )
    campus.nbgrader("export", "--to=marked.csv", where=copy_of)
    with (copy_of / "marked.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["student"] == "ada")
    parts = row["checks"], row["derivation_and_extra"], row["score"], row["needs_marking"]
    assert parts == ("20.0", "8.0", "28.0", "")


def test_students_read_what_is_wrong_and_why(campus):
    page = " ".join(feedback(campus, "ben").split())
    assert "layernorm: 7.0 of 7 points" in page
    assert "A known slip gives exactly this: The variance depends on x too" in page
    assert "not implemented yet" in feedback(campus, "cai")
    assert "expected" not in re.sub("expected.json", "", page.partition("layernorm: 7.0")[2])


def test_no_hidden_input_is_in_what_a_student_gets(campus, graded):
    """A spy prints, warns and raises them; nothing comes back for a table in the next attempt."""
    document = (campus.folder / "results" / NAME / "kim.json").read_text()
    rows = hidden_rows(document)
    page = feedback(campus, "kim")
    assert "ValueError" in page
    assert not [row for row in rows if row in page]


def test_feedback_runs_no_script_of_a_student(campus):
    assert "<script>alert(1)" not in feedback(campus, "ada")


def test_own_settings_survive_another_release(campus):
    assert (campus.course / "nbgrader_config.py").read_text().endswith(MINE)


def distinctive(path):
    """Lines that occur in no file that students get anyway."""
    public = "".join(BLANK.values())
    for name in ("handout.md", "test_public.py"):
        public += (ROOT / "assignments" / NAME / name).read_text()
    lines = {line.strip() for line in path.read_text().splitlines()}
    return {line for line in lines if len(line) > 25 and line not in public and '"""' not in line}


@pytest.mark.parametrize("place", ["source", "release", "exchange", "feedback", "gradebook.db"])
def test_no_hidden_check_and_no_solution_lies_about(campus, place):
    root = (
        campus.exchange / "transformer/outbound" if place == "exchange" else campus.course / place
    )
    files = [root] if root.is_file() else [path for path in root.rglob("*") if path.is_file()]
    own_work = ("feedback/ada/", "feedback/eli/", "feedback/ben/", "feedback/dee/")
    files = [
        path
        for path in files
        if path.suffix != ".py" or not any(name in str(path) for name in own_work)
    ]
    text = "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    secret = distinctive(ROOT / "autograder" / "hidden" / NAME / "checks.py")
    secret |= distinctive(ROOT / "solutions" / FILE)
    assert len(secret) > 40
    assert [line for line in secret if line in text] == []
    assert "Solution. With" not in text


def test_a_link_in_the_exchange_is_not_followed(campus):
    inbound = campus.exchange / "transformer" / "inbound"
    folder = inbound / f"zoe+{NAME}+2026-01-01 10:00:00.000000 UTC+x"
    copy(campus.course / "release" / NAME, folder)
    (folder / FILE).unlink()
    (folder / FILE).symlink_to(ROOT / "solutions" / FILE)
    (folder / "timestamp.txt").write_text("2026-01-01 10:00:00.000000 UTC")
    said = campus.nbgrader("collect", NAME, "--student=zoe")
    assert "Left out, since it is no file or folder" in said
    assert not (campus.course / "submitted" / "zoe" / NAME / FILE).exists()
    assert (campus.course / "submitted" / "zoe" / NAME / "lab.ipynb").exists()


def test_a_fault_of_the_grader_is_no_zero(campus):
    option = f"--GradeInJail.course={campus.folder / 'nowhere'}"
    said = campus.nbgrader("autograde", NAME, "--student=dee", "--force", option, code=1)
    assert "is no course" in said
    assert not (campus.course / "autograded" / "dee" / NAME).exists()


def test_a_changed_manifest_is_noticed(campus):
    course = campus.folder / "changed"
    for part in ("assignments", "solutions", "autograder/hidden"):
        shutil.copytree(ROOT / part, course / part)
    manifest = course / "assignments" / NAME / "assignment.toml"
    text = manifest.read_text().replace("points = 13", "points = 14")
    manifest.write_text(text.replace("points = 7", "points = 6"))
    option = f"--GradeInJail.course={course}"
    said = campus.nbgrader("autograde", NAME, "--student=cai", "--force", option, code=1)
    assert "does not fit the assignment's manifest any more" in said
