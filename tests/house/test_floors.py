"""The picture of the floors is current, and the house stays as small as it is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from tests.house.floors import PICTURE, House, draw, look

SPACE = "{http://www.w3.org/2000/svg}"


def test_the_picture_is_current() -> None:
    """`python -m tests.house.floors` draws it anew."""
    drawn, now = PICTURE.read_text(encoding="utf-8"), draw(look())
    assert drawn == now, "draw it anew: python -m tests.house.floors"


def test_the_picture_says_in_words_what_it_shows() -> None:
    tree = ElementTree.fromstring(PICTURE.read_text(encoding="utf-8"))
    words = tree.findtext(f"{SPACE}desc") or ""
    page = (PICTURE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (alternative,) = re.findall(r"!\[([^]]*)\]\(docs/floors\.svg\)", page)
    for room in look().lines:
        assert room in words
        assert room in alternative


def test_the_house_stays_small() -> None:
    house = look()
    assert len(house.lines) <= 20
    assert len(house.floors) <= 8
    assert len(house.arrows) <= 65


def test_few_modules_lie_loose() -> None:
    loose = sorted(path.name for path in Path("autograder").glob("*.py"))
    assert loose == ["__init__.py", "__main__.py", "errors.py"]


def test_a_circle_is_told() -> None:
    circle = House(Counter("ab"), Counter({("a", "b"): 1, ("b", "a"): 1}))
    with pytest.raises(ValueError, match="a circle among"):
        _ = circle.floors


def test_imports_of_every_kind_are_seen(tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one" / "a.py").write_text("from ..two import b\n")
    (tmp_path / "two" / "b.py").write_text("def f():\n    from autograder.one import a\n")
    assert set(look(tmp_path).arrows) == {("one", "two"), ("two", "one")}
