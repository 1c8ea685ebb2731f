"""The kit says its version without asking the package's metadata, which takes 9 ms."""

import tomllib
from pathlib import Path

import autograder

ROOT = Path(__file__).parent.parent.parent


def test_the_package_and_its_project_file_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert autograder.__version__ == project["project"]["version"]
