"""What students read of an exception: its type, and the line of their own file it came through."""

import re
import sys
from collections.abc import Mapping

from autograder.checker import disclosure
from autograder.checker.finding import Finding

LINE = 200
ONLY = (
    "NumPy and the standard library are there, nothing else. Take the import out; plots and "
    "experiments belong into a file of their own."
)
CLASS = re.compile(rb"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)


def told(finding: Finding, files: Mapping[str, bytes]) -> str:
    """The judge's words, and for an exception where it was raised.

    Its class and its place are believed only as far as the submission's files bear them out.
    """
    error = finding.raised
    if error is None:
        return finding.told
    own = {
        name.decode("ascii", "replace") for text in files.values() for name in CLASS.findall(text)
    }
    name = disclosure.exception(error.kinds, frozenset(own))
    place = _place(error.where, files)
    words = f"{name}\nin {place}" if place else name
    if name in ("ModuleNotFoundError", "ImportError") and foreign_import(place):
        words += f"\n{ONLY}"
    return words


def foreign_import(place: str) -> bool:
    """Whether the line that failed imports what the grader does not have."""
    match = re.search(r": (?:import|from)\s+(\w+)", place)
    return match is not None and match[1] not in {"numpy", *sys.stdlib_module_names}


def _place(where: str, files: Mapping[str, bytes]) -> str:
    """`layernorm.py, line 12: x.mean(1)`, the text read from the submission; "" if not of it."""
    match = re.match(r"([^,/]+), line (\d{1,9})", where)
    if not match:
        return ""
    name, number = match[1], int(match[2])
    sources = [text for path, text in files.items() if path.rpartition("/")[2] == name]
    for source in sources:
        lines = source.decode("utf-8", "replace").splitlines()
        if 1 <= number <= len(lines):
            text = lines[number - 1].strip()[:LINE] if len(sources) == 1 else ""
            return f"{name}, line {number}" + (f": {text}" if text else "")
    return ""
