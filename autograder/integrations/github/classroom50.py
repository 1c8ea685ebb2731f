"""For Classroom 50: put this file into its configuration, as the assignment's autograder.py.

It runs the public checks on a submission and writes result.json, one point a check. Whatever a
workflow fetches can be read by the student: the hidden checks stay at home.
"""

import subprocess
import sys

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--user"]
NUMBER = "@NUMBER@"


def main() -> int:
    """Install what the checks need, then run them. A failed check is no failure of the run."""
    subprocess.run([*PIP, "-r", "requirements.txt"], check=True)
    chosen = [NUMBER] if NUMBER else []
    return subprocess.run([sys.executable, "check.py", *chosen, "--ci"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
