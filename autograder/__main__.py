"""`autograder`, and `python -m autograder`: what comes before and after the command itself."""

import gc
import sys
from pathlib import Path


def main() -> None:
    """Run a command, and end with its exit code."""
    if sys.argv[1:2] == ["grade"]:
        from autograder.commands.ahead import ahead

        with ahead([Path(word) for word in sys.argv[3:4]]):  # while `_run` imports the rest
            code = _run()
    else:
        code = _run()
    gc.freeze()  # what is left goes with the process: to take it apart first takes 30 ms
    sys.exit(code)


def _run() -> int:
    from autograder.commands.cli import run

    return run()


if __name__ == "__main__":
    main()
