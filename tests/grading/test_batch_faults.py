"""A batch that is killed, interrupted, doubled or short of room loses nothing that was finished."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from autograder.gradebook.attempts import Gradebook
from tests.desk import BACKWARD, DOUBLE, RIGHT, SLIP, STUB, TINY

STUDENTS = 60


@pytest.fixture
def crowd(desk):
    for number in range(STUDENTS):
        desk.hand_in(f"s{number:03}", (RIGHT, SLIP, STUB)[number % 3])
    return desk


def start(desk, *options):
    """The command in a process group of its own, as a shell starts it."""
    arguments = desk.arguments(
        "grade", "01", desk.uploads, "--course", desk.course, "--results", desk.results, *options
    )
    return subprocess.Popen(
        arguments,
        env=desk.environment,
        cwd=desk.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(desk):
    """Students with a result in the gradebook, and how often each was graded."""
    path = desk.results / "gradebook.sqlite"
    if not path.exists():
        return Counter()
    with Gradebook(path) as book:
        book.check()
        return Counter(
            {
                one.student: len(book.history("01_double", one.student))
                for one in book.attempts("01_double")
            }
        )


def wait_for(desk, count, process):
    """Until some results are there, or the command is at its end."""
    folder = desk.results / "01_double"
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        if folder.is_dir() and len(list(folder.glob("s*.json"))) >= count:
            return
        time.sleep(0.002)


def all_right(desk):
    scores = [desk.result(f"s{number:03}")["score"] for number in range(STUDENTS)]
    assert scores == [4, 1, 0] * (STUDENTS // 3)
    assert len(desk.grades()) == STUDENTS + 1


def family(process):
    """A process and everything below it, the jail's processes too."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def gone(processes):
    """Whether all of them end within a few seconds."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if not any(running(process) for process in processes):
            return True
        time.sleep(0.05)
    return False


def running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("jobs", [1, 3])
def test_sigkill_in_the_middle_loses_nothing_and_grades_nothing_twice(crowd, jobs):
    chance = random.Random(jobs)
    for _ in range(3):
        process = start(crowd, "--jobs", str(jobs))
        done = len(finished(crowd))
        wait_for(crowd, done + chance.randint(1, STUDENTS // 4), process)
        processes = family(process.pid)
        process.kill()
        process.communicate()
        assert gone(processes)
    before = finished(crowd)
    assert 0 < len(before) <= STUDENTS
    out = crowd.grade(options=["--jobs", jobs]).stdout
    assert f"({len(before)} unchanged)" in out
    assert set(finished(crowd).values()) == {1}
    all_right(crowd)


@pytest.mark.parametrize("jobs", [1, 3])
def test_ctrl_c_leaves_no_process_a_summary_and_code_130(crowd, jobs):
    process = start(crowd, "--jobs", str(jobs))
    wait_for(crowd, 5, process)
    processes = family(process.pid)
    assert len(processes) > jobs
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == 130, out + error
    assert "Interrupted after" in error
    assert "Traceback" not in error
    assert out.startswith("01_double   ")
    assert gone(processes)
    count = len(finished(crowd))
    assert 5 <= count < STUDENTS
    assert f"({count} unchanged)" in crowd.grade().stdout
    all_right(crowd)


def test_two_graders_on_one_gradebook(crowd):
    both = [start(crowd, "--jobs", "2") for _ in range(2)]
    for process in both:
        out, error = process.communicate(timeout=120)
        assert process.returncode == 0, out + error
    assert set(finished(crowd).values()) == {1}
    all_right(crowd)


def test_a_grading_process_that_dies_is_flagged_and_replaced(crowd):
    process = start(crowd, "--jobs", "2")
    wait_for(crowd, 3, process)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 3, out + error
    assert "The grader failed on 1 of 60 submissions" in error
    faulty = [f"s{n:03}" for n in range(STUDENTS) if crowd.result(f"s{n:03}")["status"] != "graded"]
    assert len(faulty) == 1
    assert crowd.result(faulty[0])["score"] is None
    assert "not your fault" in crowd.feedback(faulty[0])
    assert "59 unchanged" in crowd.grade().stdout
    all_right(crowd)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_jail_may_die_at_any_moment(crowd, jobs):
    """Its processes are killed again and again; nobody's mark suffers."""
    chance = random.Random(jobs)
    process = start(crowd, "--jobs", str(jobs))
    for count in (2, 9, 25, 40):
        wait_for(crowd, count, process)
        time.sleep(chance.random() * 0.1)
        for one in family(process.pid):
            with contextlib.suppress(OSError):
                if b"launch.py" in Path(f"/proc/{one}/cmdline").read_bytes():
                    os.kill(one, signal.SIGKILL)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, out + error
    all_right(crowd)


def test_a_full_disk_is_told_and_the_finished_kept(crowd):
    """The results folder is on a disk of its own, which is too small."""
    crowd.results.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", crowd.results],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        book = crowd.folder / "book.sqlite"
        done = crowd.run(
            "grade",
            "01",
            crowd.uploads,
            "--course",
            crowd.course,
            "--results",
            crowd.results,
            "--gradebook",
            book,
        )
        assert done.returncode == 3
        assert "No space left on device" in done.stderr
        assert "run the same command again" in done.stderr
        assert "Traceback" not in done.stderr
        with Gradebook(book) as gradebook:
            gradebook.check()
            kept = len(gradebook.attempts("01_double"))
        assert 0 < kept < STUDENTS
    finally:
        subprocess.run(["umount", crowd.results], check=True)
    done = crowd.grade(options=["--gradebook", book])
    assert f"({kept} unchanged)" in done.stdout
    all_right(crowd)


def test_a_folder_that_can_not_be_written_is_told(desk):
    desk.hand_in("ada", RIGHT)
    (desk.folder / "file").write_text("")
    done = desk.run("grade", "01", desk.uploads, "--course", desk.course, "--results", "file")
    assert done.returncode == 3
    assert "Name another with --results" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_hopeless_submission_does_not_stop_the_others(desk):
    loop = "def double(x):\n    while True:\n        pass\n\n\n" + BACKWARD
    crash = "import os\n\n\ndef double(x):\n    os._exit(3)\n\n\n" + BACKWARD
    desk.hand_in("a_loop", {"arithmetic/double.py": loop})
    desk.hand_in("b_crash", {"arithmetic/double.py": crash})
    desk.hand_in("c_right", {"arithmetic/double.py": DOUBLE + BACKWARD})
    desk.hand_in("d.zip", {"x": ""})
    manifest = desk.course / "assignments/01_double/assignment.toml"
    manifest.write_text(manifest.read_text() + "\n[limits]\ncpu_per_check = 0.5\n")
    done = desk.grade()
    verdicts = {
        name: {check["verdict"] for check in desk.result(name)["checks"]}
        for name in ("a_loop", "b_crash", "c_right")
    }
    assert verdicts == {
        "a_loop": {"timeout", "skipped"},
        "b_crash": {"crashed"},
        "c_right": {"passed"},
    }
    assert desk.result("d")["status"] == "refused"
    assert "double: " in done.stdout


def test_a_broken_check_is_the_graders_fault(desk):
    hidden = desk.course / "autograder/hidden/01_double/checks.py"
    hidden.write_text(hidden.read_text().replace("draw.normal(2)", "draw.nothing(2)"))
    desk.hand_in("ada", RIGHT)
    done = desk.grade(code=3)
    assert "they have no score" in done.stderr
    assert desk.result("ada")["status"] == "grader_error"
    assert desk.result("ada")["score"] is None
    assert "test_no_upstream_gradient" in desk.result("ada")["reason"]
    assert desk.grades()[1] == "ada,ada,,0.0"
    shutil.copy(TINY / "autograder/hidden/01_double/checks.py", hidden)
    desk.grade()
    assert desk.result("ada")["score"] == 4
