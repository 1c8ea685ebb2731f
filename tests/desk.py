"""A tiny course, ways to hand in work for it, and the real command in a process of its own."""

import atexit
import io
import json
import os
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path

from tests.warm import Warm

HERE = Path(__file__).parent
ROOT = HERE.parent
TINY = HERE / "tiny_course"
# Where the kit is, and what spares notebooks' tools most of their start.
PYTHONPATH = os.pathsep.join(map(str, (ROOT, HERE / "integrations" / "quick")))

DOUBLE = "def double(x):\n    return x + x, None\n\n\n"
BACKWARD = "def double_backward(dy, cache):\n    return dy + dy\n"
RIGHT = {"arithmetic/double.py": DOUBLE + BACKWARD}
SLIP = {"arithmetic/double.py": DOUBLE + "def double_backward(dy, cache):\n    return dy\n"}
STUB = {
    "arithmetic/double.py": "def double(x):\n    raise NotImplementedError('see 1.1')\n\n\n"
    "def double_backward(dy, cache):\n    raise NotImplementedError('see 1.2')\n"
}

COMMANDS = Warm(
    ["numpy", "autograder.commands.cli", "autograder.commands.grade", "tests.released_always"]
)
atexit.register(COMMANDS.close)


def kit(*arguments, folder=ROOT):
    """Run a command of the kit with the environment of the tests."""
    environment = os.environ | {"PYTHONPATH": PYTHONPATH, "PYTHONDONTWRITEBYTECODE": "1"}
    return COMMANDS.run(["autograder", *arguments], environment, folder, timeout=300)


class Desk:
    """A folder of uploads, the course, and the command."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.folder = folder
        self.uploads = folder / "uploads"
        self.results = folder / "results"
        self.course = folder / "course"
        self.uploads.mkdir()
        shutil.copytree(TINY, self.course)
        secret = folder / "secret"
        secret.write_text("a secret for the tests only\n")
        self.environment = {
            **{name: value for name, value in os.environ.items() if "AUTOGRADER" not in name},
            "AUTOGRADER_SECRET_FILE": str(secret),
            "PYTHONPATH": PYTHONPATH,
            "TMPDIR": str(scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_COLOR": "1",
            "HOME": str(folder / "home"),
        }

    def hand_in(self, name, files):
        """Write an upload: a folder, or an archive if the name ends like one."""
        path = self.uploads / name
        files = {
            key: value.encode() if isinstance(value, str) else value for key, value in files.items()
        }
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                for key, value in files.items():
                    archive.writestr(key, value)
        elif name.endswith((".tar.gz", ".tgz")):
            with tarfile.open(path, "w:gz") as archive:
                for key, value in files.items():
                    member = tarfile.TarInfo(key)
                    member.size = len(value)
                    archive.addfile(member, io.BytesIO(value))
        else:
            for key, value in files.items():
                (path / key).parent.mkdir(parents=True, exist_ok=True)
                (path / key).write_bytes(value)
            path.mkdir(exist_ok=True)
        return path

    def arguments(self, *arguments):
        return [sys.executable, "-m", "autograder", *map(str, arguments)]

    def run(self, *arguments, **environment):
        """Run any command of the kit."""
        words = ["autograder", *map(str, arguments)]
        return COMMANDS.run(words, self.environment | environment, self.folder, timeout=300)

    def grade(self, assignment="01", *paths, options=(), code=0, **environment):
        """Grade the uploads and expect an exit code."""
        done = self.run(
            "grade",
            assignment,
            *(paths or [self.uploads]),
            "--course",
            self.course,
            "--results",
            self.results,
            *options,
            **environment,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def result(self, student, assignment="01_double"):
        return json.loads((self.results / assignment / f"{student}.json").read_text())

    def feedback(self, student, assignment="01_double"):
        """Its words, however the lines are wrapped."""
        text = (self.results / assignment / f"{student}.md").read_text()
        return " ".join(text.split())

    def grades(self):
        return (self.results / "grades.csv").read_text().splitlines()
