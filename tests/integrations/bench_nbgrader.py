"""`nbgrader autograde` with our judge against the stock configuration, side by side in one run.

python -m tests.integrations.bench_nbgrader [SUBMISSIONS]
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from tests.integrations.hand_ins import FILE, RIGHT, ROOT
from tests.integrations.nbgrader_desk import (
    NAME,
    Campus,
    copy,
    hand_in_stock,
    release_stock_course,
)

FEW, ROUNDS = 2, 2  # the better of two rounds: other work on the machine only adds


def timed(campus, assignment):
    """Wall and CPU seconds of grading everything that is handed in."""
    shutil.rmtree(campus.course / "autograded", ignore_errors=True)
    before, started = os.times(), time.perf_counter()
    campus.nbgrader("autograde", assignment)
    wall, after = time.perf_counter() - started, os.times()
    cpu = after.children_user + after.children_system
    return wall, cpu - before.children_user - before.children_system


def ours(folder, count):
    campus = Campus(folder)
    campus.run("autograder", "release", "03", "--nbgrader", campus.course, "--course", ROOT)
    campus.nbgrader("generate_assignment", NAME)
    for number in range(count):
        place = campus.course / "submitted" / f"s{number:03}" / NAME
        copy(campus.course / "release" / NAME, place)
        (place / FILE).write_text(RIGHT[FILE])
    return campus


def stock(folder, count):
    campus = Campus(folder)
    release_stock_course(campus)
    released = nbformat.read(campus.course / "release/stock/lab.ipynb", 4)
    for number in range(count):
        hand_in_stock(campus, f"s{number:03}", released, RIGHT[FILE], {})
    return campus


def main(many):
    """A few and many of each, so that the start of a command can be told from its submissions."""
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        places = {}
        for count in (FEW, many):
            for kind, make in (("ours", ours), ("stock", stock)):
                folder = Path(name, f"{kind}{count}")
                folder.mkdir()
                places[kind, count] = make(folder, count)
        for _ in range(ROUNDS):
            for key, campus in places.items():
                seen = timed(campus, NAME if key[0] == "ours" else "stock")
                figures[key] = tuple(map(min, seen, figures.get(key, seen)))
                assert set(campus.scores().values()) == {20.0}
    for column, unit in enumerate(("wall", "CPU")):
        each = {}
        for kind in ("ours", "stock"):
            few, lots = figures[kind, FEW][column], figures[kind, many][column]
            each[kind] = (lots - few) / (many - FEW)
            print(f"{kind:5} {unit:4}: {lots:6.2f} s for {many}, {each[kind]:.3f} s a submission")
        print(f"stock / ours, {unit}, a submission: {each['stock'] / each['ours']:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
