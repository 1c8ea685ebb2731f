"""Fixtures of the engine's tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# Before NumPy comes, here and in every process that a test starts: threads of one that wait for
# each other cost more than they bring, as soon as several run side by side.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.places import in_memory

if "TMPDIR" not in os.environ and (memory := in_memory()):
    os.environ["TMPDIR"] = tempfile.tempdir = str(memory)  # of every process that a test starts
    atexit.register(shutil.rmtree, memory, ignore_errors=True)

from tests.desk import Desk
from tests.released import changes_as_committed

LONGEST = (  # of the whole run, by the CPU that they take
    "attacks/test_matrix.py",
    "integrations/cluster/test_cluster.py",
    "assignments/test_grading.py",
    "browser/test_site.py",
    "browser/test_pages.py",
    "explained/test_explained.py",
    "integrations/test_otter.py",
    "integrations/test_notebooks.py",
    "browser/test_desk.py",
    "attacks/test_corpus_is_alive.py",
    "grading/test_batch_faults.py",
    "integrations/test_gradescope.py",
    "integrations/test_nbgrader.py",
    "commands/test_grade_command.py",
    "release/test_new.py",
    "student/test_check.py",
    "integrations/test_nbgrader_stock.py",
    "grading/test_grading_again.py",
    "release/test_template.py",
    "versions/test_this_python.py",
    "attacks/test_wire.py",
    "sandbox/test_endings.py",
    "release/test_alone.py",
    "grading/test_cost.py",
    "desk_page/test_kills.py",
    "student/test_record.py",
    "integrations/test_github.py",
    "uploads/test_any_upload.py",
    "rehearsal/test_term.py",
    "commands/test_containerfile.py",
    "sandbox/test_wire.py",
    "grading/test_easier_backwards.py",
    "assignments/test_second_chances.py",
    "gradebook/test_bookkeeping.py",
    "uploads/test_uploads.py",
    "verify/test_shortcuts.py",
    "assignments/test_runs.py",
    "sandbox/test_remote.py",
    "assignments/test_08_language_model.py",
    "assignments/test_09_seq2seq.py",
    "report/test_two_attempts.py",
    "grading/test_endless_loops.py",
    "sandbox/test_jail.py",
)

# What the tests of these folders look for, they look for once: one process runs them all.
TOGETHER = ("tests/explain/", "tests/explained/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """As --dist loadfile, but for what is better run together."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            alike = nodeid.startswith(TOGETHER)
            return TOGETHER[0] if alike else super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that no core waits for another at the end."""
    here = Path(__file__).parent
    place = {here / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def scratch():
    """Temporary files of graders, some of which are killed. The jail's users must reach it."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def committed_changes():
    """Releases take changes of steps from the committed template."""
    with changes_as_committed():
        yield


@pytest.fixture
def desk(tmp_path, scratch):
    return Desk(tmp_path, scratch)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory, scratch):
    """One desk for a module whose tests look at one batch."""
    return Desk(tmp_path_factory.mktemp("desk"), scratch)
