"""`make demo`: grade the sample class over all assignments and say where everything is."""

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
    print(
        f"""
Graded in {time.perf_counter() - started:.0f} s. What to look at next:
  demo/results/grades.csv                     the grades
  demo/results/03_layernorm/s02.md            what a student gets to read
  demo/results/03_layernorm/s02.json          the same for programs
  student_template/                           what students start from
  assignments/03_layernorm/handout.md         what they read
Grade your own folder:  .venv/bin/autograder grade 03 FOLDER"""
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
