"""Whose public checks are run once more, for what they print: whoever's code may print."""

import pytest

from autograder.grading.printed import may_print
from tests.sample_class.build import ROOT, SOLUTION


@pytest.mark.parametrize(
    "line",
    [
        "print(x.shape)",
        "list(map(print, rows))",
        "show = print",
        "print (x)",
        "pprint(cache)",
        "sys.stderr.write('here')",
        "from sys import stdout as out",
        "os.write(1, b'here')",
        "from os import write; write(2, b'here')",
        "log = logging.getLogger()",
        "traceback.print_exc()",
    ],
)
def test_code_that_may_print_is_found(line):
    assert may_print({"transformer/layer.py": f"import sys\n{line}\n".encode()})


@pytest.mark.parametrize("folder", [SOLUTION, ROOT / "student_template" / "transformer"])
def test_what_students_start_from_and_end_with_says_nothing(folder):
    for path in sorted(folder.glob("*.py")):
        assert not may_print({path.name: path.read_bytes()}), path.name
