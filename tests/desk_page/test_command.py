"""`autograder desk` itself: what it prints, and what it refuses with a sentence."""

import os
import re
import signal
import subprocess
import sys
import urllib.request

from autograder.desk.serve import OPEN
from tests.desk_page.builders import hand_in, running


def desk_command(desk, *options):
    return desk.run("desk", "--course", desk.course, "--results", desk.results, *options)


def test_it_opens_on_this_machine_and_closes_with_ctrl_c(desk):
    hand_in(desk)
    with running(desk) as (address, process):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/enter/[\w-]{43}", address)
        with urllib.request.urlopen(address, timeout=20) as answer:
            assert b"Your name" in answer.read()
            assert "server" not in answer.headers
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
        assert process.wait() == 0
        assert "The desk is closed." in said


def test_slips_are_told_in_a_sentence(desk):
    for options, words in (
        (("--submissions", "nowhere"), "there is no such folder"),
        (("--submissions", str(desk.uploads)), "which assignment is that? Say it as 03="),
        (("--submissions", f"09={desk.uploads}"), 'There is no assignment "09"'),
        (("--host", "not an address"), "there is no such address here"),
    ):
        done = desk_command(desk, *options)
        assert done.returncode == 2, done.stderr
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
    rubric = desk.course / "assignments/01_double/rubric.toml"
    rubric.write_text(rubric.read_text().replace("points = 3", "points = 4"))
    done = desk_command(desk)
    assert "has 4 points, but its lines come to 3" in done.stderr


def test_who_listens_for_others_is_warned():
    said = OPEN.format(host="0.0.0.0", port=8000)
    assert "Whoever has the address can change marks" in said
    assert "ssh -L 8000:127.0.0.1:8000" in said


def test_without_the_extra_the_pip_line_is_printed(desk):
    blocked = "import sys; sys.modules['uvicorn'] = None; from autograder.commands import cli; "
    done = subprocess.run(
        [sys.executable, "-c", blocked + "cli.main(['desk'])"],
        env=desk.environment,
        cwd=desk.course,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3
    assert "pip install 'transformer-course-kit[desk]'" in done.stderr
    assert os.linesep.join(done.stderr.splitlines()[1:]) == ""
