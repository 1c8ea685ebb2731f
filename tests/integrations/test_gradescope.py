"""The Gradescope bundle, in the folders that Gradescope uses: same scores, no forged ones."""

import json
import os
import shutil
import subprocess
import zipfile

import pytest

from autograder.commands import cli
from autograder.integrations.gradescope import container
from autograder.sandbox.outside import remote
from autograder.sandbox.outside.levels import PROCESS, Isolation
from tests.desk import COMMANDS, PYTHONPATH
from tests.integrations.hand_ins import (
    BLANK,
    FILE,
    MARKUP,
    RIGHT,
    ROOT,
    SPY,
    WRONG,
    hidden_rows,
    hostile,
)

DROPPED = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
MAY_DROP = os.geteuid() == 0 and shutil.which("setpriv") is not None


def environment(folder):
    kept = {name: text for name, text in os.environ.items() if "AUTOGRADER" not in name}
    return {**kept, "AUTOGRADER_SECRET_FILE": str(folder / "secret"), "PYTHONPATH": PYTHONPATH}


def autograder(folder, *arguments):
    (folder / "secret").write_text("a secret for the tests only\n")
    environment_ = environment(folder) | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = COMMANDS.run(["autograder", *arguments, "--course", ROOT], environment_, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Container:
    """A folder that stands for /autograder."""

    def __init__(self, root):
        self.root = root
        self.environment = {"PATH": os.environ["PATH"], "AUTOGRADER_ROOT": str(root)}

    def unpack(self, bundle):
        for name in ("submission", "results"):
            (self.root / name).mkdir()
        with zipfile.ZipFile(bundle) as archive:
            archive.extractall(self.root / "source")
        shutil.copy(self.root / "source" / "run_autograder", self.root)  # as Gradescope does

    def hand_in(self, files):
        folder = self.root / "submission"
        shutil.rmtree(folder)
        folder.mkdir()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def script(self, name, *before):
        return subprocess.run(
            [*before, "bash", str(self.root / name)],
            env=self.environment,
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )

    def grade(self, files, *before):
        """The results.json of a submission."""
        done = self.hand_in(files).script("run_autograder", *before)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((self.root / "results" / "results.json").read_text())


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return tmp_path_factory.mktemp("gradescope")


@pytest.fixture(scope="module")
def box(desk):
    """The bundle, released and set up by its own setup.sh."""
    autograder(desk, "release", "03", "--gradescope", desk / "03.zip")
    box = Container(desk / "autograder")
    box.root.mkdir()
    box.unpack(desk / "03.zip")
    done = box.script("source/setup.sh")
    assert done.returncode == 0, done.stdout + done.stderr
    return box


@pytest.fixture(scope="module")
def mark(desk):
    return desk / "mark"


@pytest.fixture(scope="module")
def class_(mark):
    return {"right": RIGHT, "wrong": WRONG, "blank": BLANK, "markup": MARKUP} | hostile(mark)


@pytest.fixture(scope="module")
def scores(desk, class_):
    """What `autograder grade` gives for the same class."""
    for name, files in class_.items():
        for path, content in files.items():
            target = desk / "uploads" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = autograder(desk, "grade", "03", desk / "uploads", "--json")
    return {one["student"]: one["score"] for one in json.loads(out)["results"]}


@pytest.fixture(scope="module")
def graded(box, class_):
    """The results.json of everybody in the class."""
    return {name: box.grade(files) for name, files in class_.items()}


def test_same_scores_as_autograder_grade(graded, scores, mark):
    found = {name: content["score"] for name, content in graded.items()}
    assert found == scores
    assert found["right"] == 20
    assert found["blank"] == 0
    assert 5 < found["wrong"] < 15
    assert {name: found[name] for name in hostile(mark)} == dict.fromkeys(hostile(mark), 0)
    assert not mark.exists()


def test_same_scores_without_the_right_to_make_namespaces(box, class_, scores, mark):
    """As in a container that is root but has no CAP_SYS_ADMIN (where this test may drop it)."""
    before = DROPPED if MAY_DROP else ()
    for name in ("right", "wrong", "forged_results"):
        content = box.grade(class_[name], *before)
        assert content["score"] == scores[name]
        if MAY_DROP:
            assert "namespaces" not in content["output"]
    assert not mark.exists()


def test_one_row_a_check_with_its_cause(graded):
    content = graded["wrong"]
    rows = content["tests"]
    assert len(rows) > 20
    assert round(sum(row["score"] for row in rows), 2) == content["score"]
    assert round(sum(row["max_score"] for row in rows), 4) == 20
    failed = [row for row in rows if row["status"] == "failed"]
    assert all("standard deviation was treated as a" in row["output"] for row in failed)
    assert all(not row["output"] for row in rows if row["status"] == "passed")
    assert {row["visibility"] for row in rows} == {"visible"}
    assert content["stdout_visibility"] == "hidden"
    assert "execution_time" not in content  # it can tell what a call was given
    assert "isolation: " in content["output"]
    assert content["extra_data"]["isolation"] in content["output"]


def test_a_students_text_is_shown_as_it_is(graded):
    content = graded["markup"]
    assert {content[key] for key in content if key.endswith("output_format")} == {"text"}
    text = json.dumps(content, ensure_ascii=True)
    assert "\\u001b" not in text
    assert "\\\\x1b[2J" in text
    assert "<script>alert(1)</script>" in content["output"]  # text format: never as markup


def document_of_the_spy(folder):
    """What instructors read of it at home, as text."""
    path = folder / "spies" / "spy" / FILE
    path.parent.mkdir(parents=True)
    path.write_text(SPY[FILE])
    out = autograder(folder, "grade", "03", folder / "spies" / "spy", "--json")
    return json.dumps(json.loads(out)["results"][0])


def test_no_hidden_input_is_in_what_a_student_gets(box, desk):
    """A spy prints, warns and raises them; nothing comes back for a table in the next attempt."""
    rows = hidden_rows(document_of_the_spy(desk))
    text = json.dumps(box.grade({FILE: SPY[FILE]}))
    assert "ValueError" in text
    assert not [row for row in rows if row in text]


def test_a_refused_upload_says_what_to_hand_in(box):
    content = box.grade({"essay.txt": "I could not do it"})
    assert content["score"] == 0
    assert content["tests"] == []
    assert "neither a folder" in content["output"]


def test_no_disclosure_hides_rows_until_publication(box):
    toml = box.root / "source" / "course" / "assignments" / "course.toml"
    before = toml.read_text()
    toml.write_text(before.replace('"cause"', '"none"'))
    try:
        content = box.grade(WRONG)
    finally:
        toml.write_text(before)
    assert {row["visibility"] for row in content["tests"]} == {"after_published"}
    assert "standard deviation" not in json.dumps(content)


def test_a_fault_of_the_grader_is_no_zero(box):
    checks = box.root / "source" / "course" / "autograder" / "hidden" / "03_layernorm" / "checks.py"
    before = checks.read_text()
    results = box.root / "results" / "results.json"
    results.write_text('{"score": 20}')
    checks.write_text("raise RuntimeError('a slip of the instructor')\n")
    try:
        done = box.hand_in(RIGHT).script("run_autograder")
    finally:
        checks.write_text(before)
    assert done.returncode != 0
    assert not results.exists()
    assert "a slip of the instructor" in done.stdout
    assert "no zero is recorded" in done.stdout


def test_refuses_below_the_default_unless_told(box, monkeypatch, capsys):
    weak = Isolation(PROCESS, ("uid" if os.geteuid() == 0 else "process",), {"landlock": "gone"})
    monkeypatch.setattr(remote, "find_isolation", lambda *args, **kwargs: weak)
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", "")
    box.hand_in(RIGHT)
    assert container.main(box.root) == 3
    assert "isolation 'landlock' is not reached here" in capsys.readouterr().out
    assert list((box.root / "results").iterdir()) == []
    settings = box.root / "source" / "settings.json"
    before = settings.read_text()
    try:
        settings.write_text(before.replace("null", '"namespaces"'))
        assert container.main(box.root) == 3
        assert "isolation 'namespaces' is not reached here" in capsys.readouterr().out
        assert list((box.root / "results").iterdir()) == []
        settings.write_text(before.replace("null", '"process"'))
        assert container.main(box.root) == 0
    finally:
        settings.write_text(before)
    content = json.loads((box.root / "results" / "results.json").read_text())
    assert content["score"] == 20
    assert "isolation: process" in content["output"]


def test_the_bundle_holds_its_own_secret_and_nothing_of_later_assignments(desk, box):
    with zipfile.ZipFile(desk / "03.zip") as archive:
        names = set(archive.namelist())
        whole = b"".join(archive.read(name) for name in names)
        mode = archive.getinfo("run_autograder").external_attr >> 16
    assert mode & 0o111
    assert b"a secret for the tests only" not in whole
    assert "course/solutions/transformer/layernorm.py" in names
    assert not [name for name in names if "attention" in name]
    of_earlier_ones = [name for name in names if "hidden/01" in name]
    assert all("/accepted/loops/" in name for name in of_earlier_ones)  # how slow right work may be
    assert not [name for name in names if name.startswith("autograder/release")]
    if os.geteuid() == 0:
        assert (box.root / "source").stat().st_mode & 0o077 == 0


def test_the_time_and_names_of_a_submission_are_optional(box):
    metadata = box.root / "submission_metadata.json"
    for text in ('{"users": [{"name": "Ada"}], "created_at": "2026-11-23T15:00:00+00:00"}', "[]"):
        metadata.write_text(text)
        assert box.grade(RIGHT)["score"] == 20
    metadata.unlink()


def test_a_lone_file_is_enough(box):
    assert box.grade({"layernorm.py": RIGHT[FILE]})["score"] == 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gradescope", "x.zip"], "Which assignment?"),
        (["03", "--gradescope", "x.zip", "--otter", "x"], "One target at a time"),
        (["03", "--to", "x", "--isolation", "process"], "--isolation goes with"),
    ],
)
def test_what_makes_no_sense_is_said(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["release", *arguments, "--course", str(ROOT)]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
