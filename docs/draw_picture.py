"""Draw docs/at_work.svg from what the real commands print: python docs/draw_picture.py"""

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.sample_class import slips  # noqa: E402
from tests.sample_class.build import SOLUTION, build  # noqa: E402

COLUMNS, LINE, CHARACTER = 100, 17, 8.0
COLOURS = {"✓": "#2aa198", "✗": "#e06c5a", "$": "#9aa5b1"}


def run(command, folder):
    """What a command prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.rstrip().splitlines()


def student(folder):
    """A student's check of a layer normalisation without the path through the variance."""
    shutil.copytree(ROOT / "student_template", folder)
    text = SOLUTION.joinpath("layernorm.py").read_text(encoding="utf-8")
    folder.joinpath("transformer", "layernorm.py").write_text(text + slips.NO_VARIANCE_PATH)
    return ["$ python check.py 03", *run([sys.executable, "check.py", "03"], folder)]


def instructor(folder):
    """The same class as in `make demo`, one assignment of it, graded where its folder lies."""
    build(folder / "submissions")
    typed = ["grade", "03", "submissions/03_layernorm"]
    command = [sys.executable, "-m", "autograder", *typed, "--course", str(ROOT)]
    lines = run(command, folder)
    return [f"$ autograder {' '.join(typed)}", *lines[: len(lines) - 2], lines[-1]]


def panel(lines, top):
    """Text lines as SVG, a terminal's look."""
    height = LINE * len(lines) + 24
    width = COLUMNS * CHARACTER + 24
    parts = [f'<rect x="0" y="{top}" width="{width}" height="{height}" rx="8" fill="#10202b"/>']
    for k, line in enumerate(lines):
        mark = line.strip()[:1]
        colour = COLOURS.get(mark, "#dfe6ea")
        text = html.escape(line[:COLUMNS])
        place = f'x="12" y="{top + 24 + k * LINE}" fill="{colour}"'
        parts.append(f'<text {place} xml:space="preserve">{text}</text>')
    return parts, top + height


def main():
    """Write the picture."""
    with tempfile.TemporaryDirectory() as temporary:
        first, bottom = panel(student(Path(temporary) / "course"), 0)
        second, bottom = panel(instructor(Path(temporary) / "class"), bottom + 14)
    width = COLUMNS * CHARACTER + 24
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {bottom:g}" '
        'font-family="ui-monospace, Consolas, Menlo, monospace" font-size="13">'
    )
    text = "\n".join([head, *first, *second, "</svg>"]) + "\n"
    (ROOT / "docs" / "at_work.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
