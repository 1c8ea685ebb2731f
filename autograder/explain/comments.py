"""What a step is called, and why it is there: what the comments of its function say."""

from __future__ import annotations

import ast
import itertools
import re

from autograder.explain.change import quoted
from autograder.explain.trees import assigned

MARKS = ("see", "why", "as hard")  # with which comments on lines of their own begin


def sentence(where: str, step: str, text: str) -> str:
    """What a student reads of a change: where it is, and what it is."""
    if where and step:
        step = f"{where}, {step[0].lower()}{step[1:]}"
    return f"{step or where}: {text}" if step or where else text[0].upper() + text[1:]


class Comments:
    """What the comments of a step function say: a step's words, its reason, its section."""

    def __init__(self, source: str, see: str) -> None:
        self._lines = source.splitlines()
        self.see = see

    def of(self, node: ast.AST, fallback: str = "") -> tuple[str, str]:
        """A step's name in a sentence, and its section."""
        line = getattr(node, "lineno", 0)
        see = self.see
        for text in self._lines[:line]:
            if match := re.fullmatch(r"\s*# see: (\S+)", text):
                see = f"handout.md#{match[1]}"
        words = self.words(line) or self.words(getattr(node, "end_lineno", None) or 0)
        return _named(node, words) or fallback, see

    def why(self, node: ast.AST) -> str:
        """The reason of a step, `# why:` above it: true whichever change of the step it follows."""
        return self._above(node, "why")

    def as_hard(self, node: ast.AST) -> tuple[str, ...]:
        """How the changes begin that somebody found to leave the backward as hard as it was."""
        return tuple(filter(None, map(str.strip, self._above(node, "as hard").split(";"))))

    def _above(self, node: ast.AST, wanted: str) -> str:
        """What the comment lines right above a step say under a mark."""
        above = self._lines[: max(getattr(node, "lineno", 0) - 1, 0)]
        comments = itertools.takewhile(lambda text: text.lstrip().startswith("#"), reversed(above))
        said: dict[str, list[str]] = {}
        mark = ""
        for text in reversed(list(comments)):
            start, _, rest = text.strip(" #").partition(": ")
            if start in MARKS:
                mark, said[start] = start, [rest.strip()]
            elif mark:
                said[mark].append(text.strip(" #"))
            if mark == "see":
                said = {"see": []}  # what stands above a section says nothing of what follows
        return " ".join(said.get(wanted, []))

    def words(self, line: int) -> str:
        """The comment behind a line of code; for a comment's own line, of the code above it."""
        while 0 < line <= len(self._lines) and self._lines[line - 1].lstrip().startswith("#"):
            line -= 1
        if not 0 < line <= len(self._lines):
            return ""
        match = re.search(r"  # (?!see:)(.+)$", self._lines[line - 1])
        return match[1].strip() if match else ""


def _named(node: ast.AST, words: str) -> str:
    names = assigned(node)
    if "_result" in names:
        return "In what is returned"
    if names and isinstance(node, ast.Assign):
        listed = ", ".join(f"`{name}`" for name in names[:3])
        return f"In {listed} ({words})" if words else f"In {listed}"
    if isinstance(node, ast.expr):
        return f"Where {quoted(node)} is asked"
    return ""
