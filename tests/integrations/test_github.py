"""A template repository for GitHub: what is in it, and its workflow's steps as they stand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from autograder.commands.cli import run
from tests.desk import ROOT
from tests.uploads.test_clones import git

IDENTITY = {
    "CLASSROOM": "dl26",
    "ASSIGNMENT": "layernorm",
    "SUBMISSION_TAG": "submit/2026-10-01-aaaa",
    "COMMIT_URL": "https://example.org/commit",
    "RELEASE_URL": "https://example.org/release",
}
pytestmark = pytest.mark.usefixtures("committed_changes")


def release(*arguments):
    return run(["release", *map(str, arguments), "--course", str(ROOT)])


@pytest.fixture(scope="module")
def repository(tmp_path_factory, committed_changes):
    """Released, committed, cloned: what a student has."""
    place = tmp_path_factory.mktemp("github")
    assert release("03", "--github", place / "template") == 0
    git(place / "template", "init", "-q", "-b", "main")
    git(place / "template", "add", ".")
    git(place / "template", "commit", "-qm", "the assignment")
    git(place, "clone", "-q", "template", "clone")
    return place / "clone"


def steps(repository, environment, page):
    """Run every step of the workflow that is a command; what the last one prints."""
    workflow = yaml.safe_load((repository / ".github/workflows/check.yml").read_text())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    text = ""
    for step in workflow["jobs"]["check"]["steps"]:
        if "run" in step:
            done = subprocess.run(
                ["bash", "-e", "-c", step["run"]],
                cwd=repository,
                env={"PATH": path, "GITHUB_STEP_SUMMARY": str(page), **environment},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            text = done.stdout
    return text


def test_the_workflow_shows_the_findings(repository, tmp_path):
    printed = steps(repository, {}, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text()
    assert page == printed
    assert "0 of 10 public checks pass." in page
    assert "| `layernorm_backward` | ✗ 0 of" in page
    assert not (repository / "result.json").exists()


def test_right_work_is_all_green_and_wrong_work_is_explained(repository, tmp_path):
    own = repository / "transformer" / "layernorm.py"
    stub = own.read_text()
    right = (ROOT / "solutions/transformer/layernorm.py").read_text()
    try:
        own.write_text(right)
        assert "10 of 10 public checks pass." in steps(repository, {}, tmp_path / "right.md")
        own.write_text(right.replace("gamma * x_hat", "gamma + x_hat"))
        page = steps(repository, {}, tmp_path / "wrong.md")
        assert "✗ layernorm: " in page
        assert "values differ" in page
    finally:
        own.write_text(stub)


def test_classroom_50_gets_its_result_document(repository, tmp_path):
    steps(repository, IDENTITY, tmp_path / "page.md")
    document = json.loads((repository / "result.json").read_text())
    (repository / "result.json").unlink()
    assert document["schema"] == "classroom50/result/v1"
    assert document["submission"] == "submit/2026-10-01-aaaa"
    assert document["review"] == document["commit"] == IDENTITY["COMMIT_URL"]
    assert (document["score"], document["max-score"]) == (0, 10)
    for test in document["tests"]:
        assert set(test) == {"test-name", "passed", "score", "max-score"}
        assert type(test["score"]) is int


def test_the_script_for_classroom_50_runs_the_public_checks(repository, tmp_path):
    script = repository / ".github/classroom50/autograder.py"
    assert 'NUMBER = "03"' in script.read_text()
    quiet = script.read_text().replace('"--user"]', '"--dry-run"]')
    (tmp_path / "autograder.py").write_text(quiet)
    done = subprocess.run(
        [sys.executable, tmp_path / "autograder.py"],
        cwd=repository,
        env={"PATH": os.environ["PATH"], **IDENTITY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((repository / "result.json").read_text())["max-score"] == 10
    (repository / "result.json").unlink()


def test_nothing_hidden_and_no_solution_is_in_it(repository):
    names = git(repository, "ls-files").splitlines()
    assert ".github/workflows/check.yml" in names
    assert "README.md" in names
    assert not [name for name in names if "hidden" in name or "solutions" in name]
    whole = "".join((repository / name).read_text(errors="replace") for name in names)
    assert 'kind="cost"' not in whole.replace('`kind="cost"`', "")
    assert "NotImplementedError" in (repository / "transformer/layernorm.py").read_text()
    workflow = (repository / ".github/workflows/check.yml").read_text()
    assert yaml.safe_load(workflow)["permissions"] == {"contents": "read"}
    assert "@NUMBER@" not in workflow


def test_the_whole_course_is_one_repository_too(tmp_path):
    assert release("--github", tmp_path / "course") == 0
    workflow = (tmp_path / "course/.github/workflows/check.yml").read_text()
    assert "run: python check.py --ci" in workflow


def test_a_folder_with_something_in_it_and_a_zip_are_refused(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert release("03", "--github", tmp_path) == 2
    assert "is not empty (mine.txt)" in capsys.readouterr().err
    assert release("03", "--github", tmp_path / "x.zip") == 2
    assert release("03", "--github", tmp_path / "new", "--isolation", "landlock") == 2


def test_a_page_shows_what_code_says_as_text():
    from autograder.student.workflow import fenced

    assert fenced(["```", "<b>"]) == ["````text", "```", "<b>", "````"]
