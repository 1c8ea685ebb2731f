"""Whoever follows a path that a page or a message names finds something there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("assignments/*/*.md"),
    *ROOT.glob("autograder/**/*.py"),
)
OURS = re.compile(r"(?<![\w/.{}@-])((?:autograder|docs|solutions|tests)/[\w./@*-]*\w)")
PLACEHOLDER = re.compile(r"NN_|[@*]")


def named(text: str) -> Iterator[str]:
    """Paths of the kit's own folders in a text; those with a placeholder aside."""
    for match in OURS.finditer(text):
        if not PLACEHOLDER.search(match[1]):
            yield match[1]


def lost(text: str) -> list[str]:
    """The named paths that do not exist."""
    return [path for path in named(text) if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_named_paths_exist(page: Path) -> None:
    assert lost(page.read_text(encoding="utf-8")) == []


def test_a_path_that_is_gone_is_told() -> None:
    text = "see `docs/operators.md`, `autograder/hidden/NN_name/` and autograder/judging.py."
    assert lost(text) == ["autograder/judging.py"]


def test_the_map_names_every_room() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = page.split("```")[1]
    for room in (ROOT / "autograder").iterdir():
        if room.is_dir() and any(room.glob("*.py")):
            assert f" {room.name}/" in drawn


def test_files_of_the_map_lie_in_their_rooms() -> None:
    """The table of which file to open, and the three lives."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = page[page.index("Which file to open") : page.index("## Setting up")]
    known = {path.name for path in (ROOT / "autograder").rglob("*.py")}
    files = set(re.findall(r"[\w/]+\.py", part))
    assert len(files) > 30
    for name in files:
        if "/" not in name:
            assert name in known
        elif "NN_name" not in name:
            places = ("", "sandbox/")
            assert any((ROOT / "autograder" / place / name).is_file() for place in places), name
