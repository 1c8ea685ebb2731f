"""`make demo`: grade the sample class over all assignments and say where everything is."""

import importlib.util
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.sample_class.build import CLASS, ROOT, build

DEMO = ROOT / "demo"


def main() -> int:
    """Build the class, grade it, say what to do next."""
    started = time.perf_counter()
    shutil.rmtree(DEMO, ignore_errors=True)
    assignments = build(DEMO / "submissions")
    print(f"{len(CLASS)} submissions that look like students' are in demo/submissions/.")
    for name in assignments:
        command = [sys.executable, "-m", "autograder", "grade", name]
        command += [
            str(Path("demo", "submissions", name)),
            "--results",
            str(Path("demo", "results")),
        ]
        print(f"\n$ autograder {' '.join(command[3:])}", flush=True)
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        if code:
            return code
    page = report()
    if page:
        page = f"  {page:42}  the class as pages, one a student\n"
    print(
        f"""
Graded in {time.perf_counter() - started:.0f} s. What to look at next:
{page}  demo/results/grades.csv                     the grades
  demo/results/03_layernorm/s02.md            what a student gets to read
  demo/results/03_layernorm/s02.json          the same for programs
  student_template/                           what students start from
  assignments/03_layernorm/handout.md         what they read
Grade your own folder:  .venv/bin/autograder grade 03 FOLDER"""
    )
    return 0


def report() -> str:
    """Make the pages of the class; where they are, or "" where jinja2 is not installed."""
    if importlib.util.find_spec("jinja2") is None:
        return ""
    command = [sys.executable, "-m", "autograder", "report", "--results", "demo/results"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        return ""
    return "demo/results/pages/index.html"


if __name__ == "__main__":
    sys.exit(main())
