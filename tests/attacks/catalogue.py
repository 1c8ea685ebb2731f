"""Attacks and honest programs, as data: what is handed in, and what must come of it."""

import importlib
import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GROUPS = ("tampering", "lying", "stealing", "loader", "exhaustion", "broken", "gaming", "honest")
LEVELS = ("process", "seccomp", "landlock", "namespaces")

RIGHT = """
def double(x):
    return x + x, None


def double_backward(dy, cache):
    return dy + dy
"""
WRONG = """
def double(x):
    return x * 0 - 7, None


def double_backward(dy, cache):
    return dy * 0 - 7
"""
RIGHT_SUMS = """
from arithmetic.double import double


def total(x):
    return x.sum(-1)


def average(x):
    return total(x) / x.shape[-1]


def double_total(x):
    return total(double(x)[0])
"""


@dataclass(frozen=True)
class Case:
    """One upload.

    `root` and `user` are the least levels at which the kit promises to stop it, for a grader that
    runs as root and for one that runs as an ordinary user. `wins` says what it gains from the
    naive grader: "score" (by the way of `naive`), "leak", "denial" (the next student is not
    graded), "traces" (something survives); empty for mishaps, which gain nothing anywhere.
    """

    name: str
    group: str
    tries: str
    build: Callable[[Path], object]  # makes the upload at a path, which has no suffix yet
    suffix: str = ""
    assignment: str = "01"
    status: str = "graded"
    score: float = 0.0
    verdicts: tuple[str, ...] = ()  # all that may come of its checks; empty: whatever is no pass
    says: str = ""  # words in a refusal, or in the first finding
    root: str = "process"
    user: str = "process"
    wins: str = ""
    naive: str = ""
    only_root: bool = False  # the upload itself can be made by root only
    wants_open_interpreter: bool = False  # one whose files workers' users can read
    before_jail: bool = False  # decided by the intake: no level matters

    def held_at(self, level: str, as_root: bool) -> bool:
        """Whether the kit promises anything at this level."""
        least = self.root if as_root else self.user
        return LEVELS.index(level) >= LEVELS.index(least)


CASES: dict[str, Case] = {}


def files(given: dict[str, str | bytes]) -> Callable[[Path], None]:
    """A folder with these files."""

    def build(path: Path) -> None:
        for name, content in given.items():
            target = path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    return build


def source(text: str, module: str = "double", **beside: str | bytes) -> Callable[[Path], None]:
    """The package's module with this text; wrong answers are appended where it defines none."""
    code = textwrap.dedent(text)
    if "def double(" not in code and module == "double":
        code += WRONG
    given: dict[str, str | bytes] = {f"arithmetic/{module}.py": code}
    return files(given | beside)


class Group:
    """Registers cases of one class."""

    def __init__(self, name: str, **defaults: object) -> None:
        self.name = name
        self.defaults = defaults

    def __call__(self, name: str, tries: str, text: str | Callable[[Path], object], **kw: object):
        build = (
            source(text, "sums" if kw.get("assignment") == "02" else "double")
            if isinstance(text, str)
            else text
        )
        name = f"{self.name}-{name}"
        assert name not in CASES, name
        CASES[name] = Case(name, self.name, tries, build, **(self.defaults | kw))


def load() -> dict[str, Case]:
    """All cases, by name."""
    for group in (*GROUPS, "served"):
        importlib.import_module(f"tests.attacks.corpus.{group}")
    return CASES


def possible(case: Case) -> bool:
    """Whether this user can make the upload at all."""
    return not case.only_root or os.geteuid() == 0
