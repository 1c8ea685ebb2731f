"""Whoever closes the output early, as `| head` does, is answered with silence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AUTOGRADER = [sys.executable, "-m", "autograder"]
CHECK = [sys.executable, "check.py"]


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        ([*AUTOGRADER, "--help"], "."),
        ([*AUTOGRADER, "doctor"], "."),
        ([*AUTOGRADER, "verify", "--help"], "."),
        ([*CHECK, "03"], "student_template"),
        ([*CHECK, "--list"], "student_template"),
        ([*CHECK, "03", "--json"], "student_template"),
    ],
)
def test_a_closed_output_is_no_error(command: list[str], folder: str) -> None:
    process = subprocess.Popen(
        command, cwd=ROOT / folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(60) in (0, 1)
    assert errors == b""
