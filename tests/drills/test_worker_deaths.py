"""A worker that dies, at any stage, costs the check that it died in and nothing else."""

import pytest

from tests.desk import RIGHT, Desk

# not by a signal: the first process of a namespace is deaf to its own
DIE = "import os\ndef die():\n    os._exit(9)\n"
HALF = (
    "import stat\ndef begin():\n    for k in range(3, 64):\n        try:\n"
    "            if stat.S_ISFIFO(os.fstat(k).st_mode) or stat.S_ISSOCK(os.fstat(k).st_mode):\n"
    "                os.write(k, b'\\x40\\0\\0\\0t')\n        except OSError:\n            pass\n"
)
BACKWARD = "def double_backward(dy, cache):\n    return dy + dy\n"

STAGES = {
    "at_import": DIE + "die()\n" + BACKWARD,
    "in_the_forward": DIE + "def double(x):\n    die()\n" + BACKWARD,
    "in_single_precision_only": DIE
    + "def double(x):\n    if x.dtype == 'f4': die()\n    return x + x, None\n"
    + BACKWARD,
    "in_the_backward": DIE
    + "def double(x):\n    return x + x, None\ndef double_backward(dy, cache):\n    die()\n",
    "inside_an_answer": DIE + HALF + "def double(x):\n    begin(); die()\n" + BACKWARD,
    "after_the_answer": DIE + "import threading, time\ndef double(x):\n"
    "    threading.Thread(target=lambda: (time.sleep(0.05), die())).start()\n"
    "    return x + x, None\ndef double_backward(dy, cache):\n    time.sleep(0.2)\n",
}
SCORES = {"in_single_precision_only": 3.5, "in_the_backward": 1.0}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp("deaths"), tmp_path_factory.mktemp("scratch"))
    for name, code in STAGES.items():
        desk.hand_in(name, {"arithmetic/double.py": code})
        desk.hand_in(f"{name}_next", RIGHT)
    desk.grade(options=["--jobs", "1"])
    return desk


@pytest.mark.parametrize("name", STAGES)
def test_it_costs_what_it_broke_and_no_more(graded, name):
    result = graded.result(name)
    verdicts = {check["verdict"] for check in result["checks"]} - {"passed"}
    assert result["status"] == "graded"
    assert verdicts
    assert verdicts <= {"crashed", "bad_output", "skipped"}
    if name in SCORES:
        assert result["score"] == SCORES[name]
    elif name != "after_the_answer":
        assert result["score"] == 0
    assert graded.result(f"{name}_next")["score"] == 4
