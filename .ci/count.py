"""Adds up the reports of test runs as `N passed, N failed`; exits 1 unless all had tests."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def counts(report: Path) -> tuple[int, int, int]:
    """Tests that passed, failed (or broke) and were skipped, by a JUnit file."""
    passed = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        tests, bad, left = (
            int(suite.get("tests", 0)),
            int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
            int(suite.get("skipped", 0)),
        )
        passed, failed, skipped = passed + tests - bad - left, failed + bad, skipped + left
    return passed, failed, skipped


def main(names: list[str]) -> int:
    """Add up the named reports."""
    passed = failed = 0
    complete = bool(names)
    for name in names:
        report = Path(name)
        one = counts(report) if report.is_file() else (0, 0, 0)
        print(f"{report.stem}: {one[0]} passed, {one[1]} failed, {one[2]} skipped tests")
        if not one[0] + one[1]:
            print(f"{report.stem}: no test was run, or its report is missing")
            complete = False
        passed, failed = passed + one[0], failed + one[1]
    print(f"{passed} passed, {failed} failed")
    return 0 if complete and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
