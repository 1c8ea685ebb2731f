"""Process numbers of a worker's own, both ways to them; the fork server's stay what they were."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.sample_class.build import ROOT

FORKS = """
import ctypes, os, signal, sys
sys.path.insert(0, sys.argv[1])
from autograder.sandbox.jail import namespaces
try:
    namespaces.leave_machine()
except OSError as error:
    sys.exit(f"no namespaces: {error}")
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to this process
numbers = namespaces.own_numbers()
if sys.argv[2] == "once" and numbers < 0:
    sys.exit("no way back")
said_out, said_in = os.pipe()
for _ in range(3):
    child = namespaces.fork(numbers if sys.argv[2] == "once" else -1)
    if child == 0:
        os.write(said_in, f"{os.getpid()} ".encode())
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    plain = os.fork()
    if plain == 0:
        os._exit(os.getpid() == 1)
    assert os.waitpid(plain, 0) == (plain, 0), "the fork server's own numbers are gone"
print(os.read(said_out, 100).decode())
"""


@pytest.mark.parametrize("way", ["once", "twice"])
def test_each_child_is_the_first_of_its_numbers(way: str) -> None:
    command = [sys.executable, "-c", FORKS, str(ROOT), way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stderr.startswith(("no namespaces", "no way back")):
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["1", "1", "1"]
