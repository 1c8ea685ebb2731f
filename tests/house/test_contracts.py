"""The contracts of imports in `pyproject.toml` hold, and a turned import breaks them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = "from importlinter.cli import lint_imports_command; lint_imports_command()"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine's modules and the contracts, to be changed."""
    folder = tmp_path_factory.mktemp("house")
    content = shutil.ignore_patterns("__pycache__", "hidden")
    shutil.copytree(ROOT / "autograder", folder / "autograder", ignore=content)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def broken(house: Path) -> list[str]:
    """The names of the contracts that do not hold."""
    command = [sys.executable, "-P", "-c", "import sys; sys.path.insert(0, '.'); " + RUN]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, timeout=120)
    names = re.findall(r"^(.+) BROKEN$", done.stdout, re.MULTILINE)
    assert bool(names) == bool(done.returncode), done.stdout + done.stderr
    assert "Contracts: " in done.stdout
    return [name.split(":")[0] for name in names]


def test_all_contracts_are_kept(house: Path) -> None:
    assert broken(house) == []


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("gradebook/marks.py", "import autograder.grading.batch", "Floors"),
        ("sandbox/wire/frames.py", "from ..inside import worker", "In the jail"),
        ("sandbox/inside/worker.py", "import autograder.errors", "What runs beside student code"),
        ("checker/compare.py", "import rich", "What students get"),
        ("student/record.py", "import nbformat", "What students get"),
    ],
)
def test_a_turned_import_is_told(house: Path, module: str, line: str, contract: str) -> None:
    path = house / "autograder" / module
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\n{line}\n", encoding="utf-8")
    try:
        assert any(name.startswith(contract) for name in broken(house))
    finally:
        path.write_text(text, encoding="utf-8")
