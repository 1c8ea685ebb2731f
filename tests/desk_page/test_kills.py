"""The real command, killed at random moments while marks are saved: nothing is lost or doubled."""

import csv
import json
import random
import threading
import time
from collections import Counter

import httpx

from tests.desk import RIGHT
from tests.desk_page.builders import TASK, field, key, running

ROUNDS = 15
STUDENTS = [f"s{number:02}" for number in range(8)]


def save_until_killed(address, process, chance, told):
    """Save marks one after the other; what was answered as saved goes into `told`."""
    base = address.partition("/enter")[0]
    with httpx.Client(base_url=base, timeout=10) as http:
        csrf = field(http.get(address).text, "csrf")
        http.post("/name", data={"csrf": csrf, "who": "Grace"})
        first = True
        while True:
            student = chance.choice(STUDENTS)
            given = (chance.choice((0, 0.5, 1, 2)), chance.choice((0, 0.25, 1)))
            try:
                where = f"{TASK}/{key(student)}"
                page = http.get(where).text
                names = {name: field(page, name) for name in ("form", "version")}
                if first:  # from now on, somewhere within the next few saves
                    threading.Timer(chance.uniform(0.005, 0.25), process.kill).start()
                    first = False
                lines = {"line-1": str(given[0]), "line-2": str(given[1])}
                answer = http.post(where, data={"csrf": csrf} | names | lines)
            except httpx.TransportError:
                return
            assert answer.status_code == 303, answer.text
            told.append((names["form"], student, sum(given)))


def test_kills_lose_nothing_and_double_nothing(desk):
    for student in STUDENTS:
        desk.hand_in(student, RIGHT | {"written.md": "Both.\n"})
    chance = random.Random(20270118)
    told, kills = [], 0
    started = time.monotonic()
    for _ in range(ROUNDS):
        with running(desk) as (address, process):
            save_until_killed(address, process, chance, told)
            kills += process.wait() == -9
        if time.monotonic() - started > 150 and kills >= 5:
            break  # a very busy machine
    with running(desk):
        pass
    entries = [json.loads(line) for line in (desk.results / "marking.jsonl").open()]
    marks = [entry["mark"] for entry in entries if "mark" in entry]
    forms = Counter(mark["id"] for mark in marks)
    assert kills >= 5
    assert len(told) >= kills
    assert all(forms[form] == 1 for form, _, _ in told)
    assert max(forms.values()) == 1
    by_form = {mark["id"]: mark for mark in marks}
    for form, student, total in told:
        assert (by_form[form]["student"], by_form[form]["points"]) == (student, total)
    with (desk.results / "adjustments.csv").open(newline="", encoding="utf-8") as file:
        rows = [(row["student"], float(row["points"]), row["when"]) for row in csv.DictReader(file)]
    assert Counter(rows) == Counter((one["student"], one["adds"], one["when"]) for one in marks)
    last = {mark["student"]: mark["points"] for mark in marks}
    sums = Counter()
    for student, points, _ in rows:
        sums[student] += points
    assert dict(sums) == last
    assert {entry["entered"] for entry in entries if "entered" in entry} == set(forms)
    grades = (desk.results / "grades.csv").read_text()
    assert all(f"{student}," in grades for student in last)
