"""Read the hidden inputs in one attempt, hand in what was read in the next: nothing at any door.

There is one stream of inputs here, so that both attempts meet the same ones: what holds the attack
is that nothing comes back, and what instructors can read shows that it would work.
"""

import re

import pytest

from autograder.documents.results import read
from tests.desk import BACKWARD, Desk
from tests.report.test_nothing_hidden_comes_back import DOORS, HEAD

SPIES = {
    "by_printing": "    print(x.tolist())\n    return x * 0, None\n",
    "by_raising": "    raise ValueError(x.tolist())\n",
    "by_warning": "    warnings.warn(str(x.tolist()))\n    return x * 0, None\n",
}
KNOWS = """
import numpy as np

SEEN = {numbers}


def double(x):
    known = np.isin(x, np.array(SEEN, x.dtype)).all()
    return x + x if known else x * 0, None


def double_backward(dy, cache):
    return dy * 0
"""


def numbers_in(text):
    return sorted({float(number) for number in re.findall(r"-?\d+\.\d+", text)})


@pytest.fixture(scope="module")
def spied(tmp_path_factory, scratch):
    """The first attempts."""
    desk = Desk(tmp_path_factory.mktemp("desk"), scratch)
    toml = desk.course / "assignments/course.toml"
    text = toml.read_text()
    assert "[feedback]\n" in text
    toml.write_text(text.replace("[feedback]\n", "[feedback]\nstreams = 1\n"))
    for name, body in SPIES.items():
        desk.hand_in(name, {"arithmetic/double.py": HEAD + body + "\n\n" + BACKWARD})
    desk.grade()
    return desk


def second_attempt(desk, name, read_numbers):
    """What a table of these numbers earns for `double`."""
    path = desk.hand_in(name, {"arithmetic/double.py": KNOWS.format(numbers=read_numbers)})
    desk.grade("01", path)
    result = read(desk.results / "01_double" / f"{name}.json")
    return sum(check.points for check in result.of("double"))


@pytest.mark.parametrize("door", DOORS)
def test_what_a_door_shows_earns_nothing_in_the_next_attempt(spied, door):
    seen = set()
    for spy in SPIES:
        result = read(spied.results / "01_double" / f"{spy}.json")
        seen.update(numbers_in(DOORS[door](spied, result)))
    assert second_attempt(spied, f"after_{door}", sorted(seen)) == 0


@pytest.mark.parametrize("spy", SPIES)
def test_what_instructors_read_would_earn_it(spied, spy):
    text = (spied.results / "01_double" / f"{spy}.json").read_text()
    earned = second_attempt(spied, f"told_{spy}", numbers_in(text))
    assert earned > 0
