"""Grading on a cluster gives the marks of grading here, whoever dies on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from autograder.course.course import Course
from autograder.errors import KitError
from autograder.integrations.cluster import machine, machines, parcel
from autograder.integrations.cluster.workers import must_be_private
from autograder.uploads.submission import Submission, digest_of
from tests.bench.submissions import KINDS, write_submission
from tests.drills.cluster import VICTIMS, Drill
from tests.integrations.cluster.machines import cluster_of

ROOT = Path(__file__).resolve().parents[3]
SIZE = int(os.environ.get("CLUSTER_BATCH", "40"))
ROUNDS = int(os.environ.get("CLUSTER_ROUNDS", "1"))  # of drills for each kind of victim
DRILLED = 40
GRADE = [sys.executable, "-m", "autograder", "grade", "03", "--json"]


@pytest.fixture(scope="module")
def uploads(tmp_path_factory) -> Path:
    """Right ones, wrong ones, half done ones, and one that is refused."""
    course = Course.find(ROOT)
    folder = tmp_path_factory.mktemp("uploads")
    made = {}
    for kind in KINDS:
        made[kind] = tmp_path_factory.mktemp("kinds") / "work"
        made[kind].mkdir()
        write_submission(course, course.assignment("03"), kind, made[kind])
    for place in range(SIZE - 1):
        copy = folder / f"student{place:03}"
        shutil.copytree(made["right" if place % 8 else KINDS[place // 8 % 3]], copy)
        with (copy / "transformer" / "layernorm.py").open("a") as file:
            file.write(f"# {place}\n")
    (folder / "empty").mkdir()
    (folder / "empty" / "essay.txt").write_text("no code")
    return folder


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with cluster_of(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def undisturbed(uploads, tmp_path_factory) -> dict[str, object]:
    done = _command(uploads, tmp_path_factory.mktemp("here")).communicate()
    return _marks(done[0])


def _command(uploads: Path, results: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*GRADE, str(uploads), "--results", str(results), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _marks(document: bytes) -> dict[str, object]:
    """All that a result says, but for the times."""
    found: dict[str, object] = {}
    for result in json.loads(document)["results"]:
        assert result["student"] not in found
        for check in result["checks"]:
            del check["seconds"]
        found[result["student"]] = {
            name: value for name, value in result.items() if name not in ("seconds", "graded_at")
        }
    return found


def test_the_marks_are_those_of_this_machine(uploads, cluster, undisturbed, tmp_path):
    output, errors = _command(uploads, tmp_path, "--cluster", cluster.address).communicate()
    assert b"isolation" in errors
    assert _marks(output) == undisturbed
    assert len(undisturbed) == SIZE


def test_a_cluster_on_this_machine(uploads, undisturbed, tmp_path):
    command = _command(uploads, tmp_path, "--cluster", "local", "--jobs", "2")
    assert _marks(command.communicate()[0]) == undisturbed


@pytest.fixture(scope="module")
def drill(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drill")
    for above in (folder, *folder.parents[:2]):
        above.chmod(0o755)  # the jail's users must reach the uploads' copies
    return Drill(folder, DRILLED)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_loses_nothing_and_grades_nothing_twice(victim, drill):
    chance = random.Random(victim)
    for _ in range(ROUNDS):
        assert drill.round(victim, chance).faults == ()


def test_a_drill_sees_what_is_lost_twice_or_wrong(drill, tmp_path):
    code, document, _ = drill._run(tmp_path / "results", "--jobs", "2")
    assert code == 0
    assert drill._differences(document, tmp_path / "results") == []
    plain = json.loads(document)
    one = plain["results"].pop()
    assert "other marks" in drill._differences(json.dumps(plain).encode(), tmp_path / "results")[0]
    one["score"] += 1
    plain["results"].append(one)
    assert "other marks" in drill._differences(json.dumps(plain).encode(), tmp_path / "results")[0]
    drill._run(tmp_path / "results", "--jobs", "2", "--regrade")
    assert "more than once" in drill._differences(document, tmp_path / "results")[0]


def test_a_scheduler_that_is_not_there_is_told(uploads, tmp_path):
    program = "from autograder.commands import cli\n"
    program += "from autograder.integrations.cluster import workers\n"
    program += "workers.CONNECT = 1  # seconds\ncli.main()"
    arguments = ["--results", str(tmp_path), "--cluster", "tcp://127.0.0.1:9"]
    command = subprocess.run(
        [sys.executable, "-c", program, *GRADE[3:], str(uploads), *arguments],
        cwd=ROOT,
        capture_output=True,
    )
    errors = command.stderr
    assert command.returncode == 3
    assert b"No dask scheduler answers at tcp://127.0.0.1:9" in errors


@pytest.mark.parametrize(
    "address", ["tcp://10.0.0.7:8786", "grader.example.org:8786", "ws://[::2]"]
)
def test_an_open_wire_is_refused(address):
    with pytest.raises(KitError, match="not encrypted"):
        must_be_private(address)


@pytest.mark.parametrize(
    "address", ["local", "tls://10.0.0.7:8786", "tcp://127.0.0.1:1", "localhost:8786"]
)
def test_a_private_wire_is_taken(address):
    must_be_private(address)


HERE = {
    "machine": "one",
    "kit": "1",
    "engine": "e" * 64,
    "python": "3.11",
    "numpy": "2.4.0",
    "platform": "Linux",
    "level": "landlock",
    "layers": ["uid"],
    "missing": {},
    "why": "",
}


def test_the_strongest_level_is_chosen():
    weak = HERE | {"level": "process"}
    assert machines.chosen_isolation({"a": weak, "b": HERE}, HERE, None).level == "landlock"


def test_a_level_that_nobody_reaches_is_refused():
    with pytest.raises(KitError, match="reaches the isolation level namespaces"):
        machines.chosen_isolation({"a": HERE}, HERE, "namespaces")


@pytest.mark.parametrize("what", machines.SAME)
def test_other_versions_are_refused(what):
    with pytest.raises(KitError, match=f"{what} other"):
        machines.chosen_isolation({"a": HERE | {what: "other"}}, HERE, None)


def test_weaker_workers_are_left_out_with_a_word(monkeypatch):
    said: list[str] = []
    answers = {"a": HERE, "b": HERE | {"level": "process"}, "c": HERE | {"numpy": "9"}}
    chosen = machines.Machines.__new__(machines.Machines)
    chosen.say, chosen.here, chosen.names = said.append, HERE, set()
    chosen.isolation = machines.chosen_isolation({"a": HERE}, HERE, None)
    chosen._admit(answers)
    assert chosen.names == {"a"}
    assert len(said) == 2
    assert "b on one is left out: its jail reaches process" in said[0]


def test_shards_have_no_names_and_come_back_whole():
    files = {"transformer/layernorm.py": "é\n".encode(), "empty.py": b""}
    one = Submission("ada", "ada.zip", files, digest_of(files))
    packed = parcel.pack_shard([one, one])
    assert b"ada" not in json.dumps(parcel.unpack(packed)).encode()
    assert [dict(back.files) for back in parcel.unpack_shard(packed)] == [files, files]


def test_shards_are_cut_by_number_and_by_size():
    def of(size: int) -> Submission:
        return Submission("s", "s", {"a.py": b"x" * size}, "")

    assert [len(s) for s in parcel.shards([of(1)] * 100, 2)] == [4, 4, 8, 8, 16, 16, 32, 12]
    assert [len(s) for s in parcel.shards([of(parcel.MOST_BYTES)] * 2, 2)] == [1, 1]


def test_a_shard_ends_when_nobody_waits(tmp_path):
    process = subprocess.Popen(machine.SHARD, stdin=subprocess.PIPE, cwd=ROOT)
    assert process.stdin is not None
    process.stdin.write(b"10 10\n")
    process.stdin.close()
    assert process.wait(30) != 0


def test_a_shard_that_dies_is_lost_with_its_reason(monkeypatch):
    monkeypatch.setattr(
        machine, "SHARD", [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
    )
    with pytest.raises(machine.ShardLost, match="SIGKILL"):
        machine.grade_shard(b"", b"")
