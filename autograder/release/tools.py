"""Files of the template that no course changes: check.py, pytest's set-up, the local checker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import autograder

CHECK = '''"""Check your work: python check.py --help says how."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

try:
    from autograder.student.cli import main
except ModuleNotFoundError as error:
    if error.name != "numpy":
        raise
    sys.exit("NumPy is missing. Install it with:  python -m pip install -r requirements.txt")

if __name__ == "__main__":
    sys.exit(main(ROOT))
'''

CONFTEST = '''"""Lets plain `pytest` run the public checks, with the messages of check.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

pytest_plugins = ["autograder.student.pytest_plugin"]
'''

PYTEST = """[pytest]
addopts = --import-mode=importlib -q
testpaths = assignments
"""

REQUIREMENTS = "numpy>=2.0\npytest>=8\n"


def tool_files() -> Iterator[tuple[PurePosixPath, bytes]]:
    """Path and content of every such file."""
    yield PurePosixPath("check.py"), CHECK.encode()
    yield PurePosixPath("conftest.py"), CONFTEST.encode()
    yield PurePosixPath("pytest.ini"), PYTEST.encode()
    yield PurePosixPath("requirements.txt"), REQUIREMENTS.encode()
    home = Path(autograder.__file__).parent
    yield PurePosixPath("autograder/__init__.py"), (home / "__init__.py").read_bytes()
    for part in ("checker", "student"):
        for path in sorted((home / part).glob("*.py")):
            yield PurePosixPath("autograder", part, path.name), path.read_bytes()
