"""A school for one term: a copy of the real course, the instructor's desk, students' folders."""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.desk import COMMANDS, PYTHONPATH

ROOT = Path(__file__).parent.parent.parent
CONTENT = ("hidden",)

NUMBERS = {"ada": 101, "bob": 102, "cy": 103, "dee": 104, "eve": 105}
POLICY = """
[attempts]
counts = "latest"

[late]
grace_minutes = 10
per_day_percent = 10
cap_percent = 50

[deadlines]
time_zone = "Europe/London"
01_activations = 2027-01-18T23:59:00
02_layer = 2027-02-01T23:59:00
"""


class School:
    """Every step is a command that an instructor or a student types."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.course = folder / "course"
        self.results = folder / "results"
        secret = folder / "secret"
        secret.write_text("a secret for the rehearsal only\n")
        self.environment = {
            **{name: value for name, value in os.environ.items() if "AUTOGRADER" not in name},
            "AUTOGRADER_SECRET_FILE": str(secret),
            "PYTHONPATH": PYTHONPATH,
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            "HOME": str(folder / "home"),
        }
        leave = shutil.ignore_patterns("__pycache__", "*.pyc")
        for name in ("assignments", "solutions"):
            shutil.copytree(ROOT / name, self.course / name, ignore=leave)
        for name in CONTENT:
            source = ROOT / "autograder" / name
            shutil.copytree(source, self.course / "autograder" / name, ignore=leave)
        toml = self.course / "assignments" / "course.toml"
        before, _, _ = toml.read_text(encoding="utf-8").partition("[attempts]")
        toml.write_text(before + POLICY, encoding="utf-8")

    def run(self, *arguments, python=("-m", "autograder"), cwd=None):
        """Any command; its standard output."""
        place = cwd or self.course
        if python[0] == "-m":
            words = [python[1], *arguments]
            done = COMMANDS.run(words, self.environment, place, timeout=120)
            assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
            return done.stdout
        done = subprocess.run(
            [sys.executable, *python, *map(str, arguments)],
            cwd=place,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout

    def release(self, *arguments):
        """Release as a zip file, and let every student unpack it over what they have."""
        target = self.folder / "released.zip"
        self.run("release", *arguments, "--to", target)
        return target

    def unpack(self, archive, students):
        for student in students:
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(self.home(student))

    def home(self, student):
        return self.folder / "students" / student

    def write(self, student, file, text, *, appended=""):
        """A student writes one file of the package."""
        path = self.home(student) / "transformer" / file
        path.write_text(text + appended, encoding="utf-8")

    def hand_in(self, student, assignment, batch):
        """`python check.py 01 --zip`, downloaded as Canvas names it."""
        home = self.home(student)
        self.run(assignment, "--zip", python=("check.py",), cwd=home)
        (written,) = home.glob(f"{assignment}_*.zip")
        name = f"{student}x_{NUMBERS[student]}_90001_{written.name}"
        target = self.folder / "uploads" / batch / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(written, target)

    def times(self, batch, times):
        """The platform's list of when uploads came."""
        path = self.folder / f"{batch}.csv"
        lines = [f"{student},{moment}" for student, moment in times.items()]
        path.write_text("\n".join(["student,submitted_at", *lines]) + "\n", encoding="utf-8")
        return path

    def grade(self, assignment, batch, times, *options):
        return self.run(
            *("grade", assignment, self.folder / "uploads" / batch, "--times", times),
            *("--results", self.results, *options),
        )

    def decide(self, *arguments):
        """`adjust` or `extend`."""
        return self.run(*arguments, "--results", self.results, "--who", "the instructor")

    def export(self, form, *arguments):
        """An export's file, read back as rows."""
        target = self.folder / f"{form}.csv"
        self.run("export", form, *arguments, "--to", target, "--results", self.results)
        with target.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))

    def result(self, student, assignment):
        path = self.results / assignment / f"{student}.json"
        return json.loads(path.read_text(encoding="utf-8"))

    def feedback(self, student, assignment):
        return (self.results / assignment / f"{student}.md").read_text(encoding="utf-8")


def solution(file):
    return (ROOT / "solutions" / "transformer" / file).read_text(encoding="utf-8")
