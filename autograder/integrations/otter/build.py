"""Makes an otter assignment with the real `otter assign` and `otter generate`."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from autograder.course.course import Assignment, Course
from autograder.errors import KitError
from autograder.integrations.bundle import (
    NUMPY,
    SECRET,
    course_files,
    engine_files,
    secret_for,
    write_entry,
)
from autograder.integrations.otter.master import HELPER, master_notebook
from autograder.release.template import assignment_files, base_files, write_files

PLUGIN = "autograder.integrations.otter.plugin.Plugin"


def build(course: Course, assignment: Assignment, target: Path, isolation: str | None) -> None:
    """Write master/ (ours), student/ (of otter assign) and autograder.zip (of otter generate)."""
    if importlib.util.find_spec("otter") is None:
        raise KitError(
            "otter-grader is not installed here: pip install 'transformer-course-kit[otter]'"
        )
    master = target / "master"
    shutil.rmtree(master, ignore_errors=True)
    files = _write_master(course, assignment, master)
    notebook = master / f"{assignment.name}.ipynb"
    content = master_notebook(course, assignment, files)
    notebook.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="autograder-otter-") as name:
        work = Path(name)
        _otter(work, "assign", notebook.resolve(), work / "assigned")
        student = target / "student"
        shutil.rmtree(student, ignore_errors=True)
        shutil.copytree(work / "assigned" / "student", student)
        made = _generate(work, assignment, isolation)
        _complete(made, course, assignment)
        shutil.move(made, target / "autograder.zip")


def _write_master(course: Course, assignment: Assignment, folder: Path) -> list[str]:
    """What lies beside the notebook; the names that otter is to hand on."""
    folder.mkdir(parents=True)
    write_files(base_files(course), folder, overwrite=True)
    write_files(assignment_files(course, assignment), folder, overwrite=True)
    shutil.copy(Path(__file__).with_name(f"{HELPER}.py"), folder)
    return sorted(path.name for path in folder.iterdir())


def _generate(work: Path, assignment: Assignment, isolation: str | None) -> Path:
    """autograder.zip with our plugin and otter's own files."""
    settings = {"assignment": assignment.name, "isolation": isolation}
    config = {
        "plugins": [{PLUGIN: settings}],
        "show_hidden": True,  # rows that our plugin marks as hidden wait for publication
        "show_all_public": True,  # all others are seen at once
        "force_public_test_summary": False,
    }
    (work / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    (work / "requirements.txt").write_text(NUMPY, encoding="utf-8")
    made = work / "autograder.zip"
    tests = work / "assigned" / "autograder" / "tests"
    options = ["-t", tests, "-c", work / "config.json", "-r", work / "requirements.txt", "-o", made]
    _otter(work, "generate", *options, "--no-environment")
    return made


def _complete(made: Path, course: Course, assignment: Assignment) -> None:
    """Put the engine beside otter's run_otter.py, from where its plugins are imported."""
    with zipfile.ZipFile(made, "a") as archive:
        write_entry(archive, SECRET, secret_for(course, assignment), 0o600)
        for name, content in engine_files("otter"):
            write_entry(archive, name, content)
        for name, content in course_files(course, assignment):
            write_entry(archive, name, content)


def _otter(work: Path, command: str, *arguments: object) -> None:
    """Run a command of otter's; its temporary files go with `work`."""
    temporary = work / "tmp"
    temporary.mkdir(exist_ok=True)
    kit = str(Path(__file__).parents[3])  # the plugin is imported by its name
    path = os.pathsep.join(filter(None, (kit, os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "otter", command, *map(str, arguments)],
        cwd=work,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise KitError(f"otter {command} failed: {words[-1] if words else 'without a word'}")
