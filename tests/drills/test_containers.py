"""Grading in a container: `python -m tests.drills.containers` is the whole of it, with a table."""

import json
import shutil

import pytest

from tests.drills.containers import KINDS, Containers, flattened, missing
from tests.integrations.hand_ins import BLANK, RIGHT, WRONG
from tests.integrations.test_gradescope import Container, autograder

needs = pytest.mark.skipif(bool(missing()), reason=f"no containers here: {missing()}")
ROOT_KINDS = [kind for kind in KINDS if not kind.user]
SCRIPT = (
    "cp -r {root} /tmp/autograder && export AUTOGRADER_ROOT=/tmp/autograder && "
    "bash /tmp/autograder/run_autograder > /tmp/said 2>&1; cat /tmp/autograder/results/results.json"
)


@pytest.fixture(scope="module")
def containers():
    with Containers() as containers:
        yield containers


@needs
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_the_default_level_is_reached_and_right_work_is_right(containers, kind):
    assert "landlock" in containers.levels(kind)
    assert "isolation: " in containers.doctor(kind)
    score, most = containers.right(kind)
    assert score == most


@needs
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_attacks_on_the_reference_are_stopped(containers, kind):
    count, wrong = containers.complaints(kind, "landlock", "02")
    assert not wrong
    assert count > 5


@needs
@pytest.mark.parametrize("kind", ROOT_KINDS, ids=lambda kind: kind.title)
def test_the_gradescope_layout_grades_in_it(containers, kind):
    desk = containers.folder / f"desk-{len(kind.capabilities)}"
    desk.mkdir()
    autograder(desk, "release", "03", "--gradescope", desk / "03.zip")
    box = Container(desk / "autograder")
    box.root.mkdir()
    box.unpack(desk / "03.zip")
    assert box.script("source/setup.sh").returncode == 0
    for files, share in ((RIGHT, 1.0), (WRONG, 0.6), (BLANK, 0.0)):
        box.hand_in(files)
        text = containers.run(kind, ["-c", SCRIPT.format(root=box.root)], program="/bin/bash")
        rows = json.loads(text)["tests"]
        got = sum(row["score"] for row in rows) / sum(row["max_score"] for row in rows)
        assert abs(got - share) < 0.1
    shutil.rmtree(desk)


def test_a_profile_keeps_what_goes_with_the_capabilities():
    caps = {"caps": ["CAP_SYS_ADMIN"]}
    rule = {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": caps}
    other = {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "excludes": caps}
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule, other]}
    (without,) = flattened(profile, ())["syscalls"]
    (having,) = flattened(profile, ("CAP_SYS_ADMIN",))["syscalls"]
    assert (without["action"], having["action"]) == ("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW")
