"""Runs the naive grader on a case, in a fenced place, and says whether the attack won.

The fence is not the naive grader's: it is a user of its own with a few limits, so that an attack
that wins can do no harm here.
"""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

from autograder.sandbox.outside.staging import remove_tree
from tests.attacks.arena import TINY, fill_in
from tests.attacks.catalogue import RIGHT, Case, files
from tests.attacks.listeners import Listeners
from tests.attacks.places import ENVIRONMENT, Place
from tests.attacks.traces import SHARED, SYSV

SECONDS, PATIENCE = 3.0, 15.0  # where the grader is to hang, and else
WORK = 0.6  # CPU seconds that show a hanging grader as well: to grade two takes a third of it
MUCH = 10**8  # bytes that no upload needs
TICKS = os.sysconf("SC_CLK_TCK")
CONFTEST_RUN = """
import numpy as np
from arithmetic.double import double
def test_double():
    assert np.allclose(double(np.ones(3))[0], 2 * np.ones(3))
"""


class Fence:
    """One case against the naive grader."""

    def __init__(self, place: Place, user: int, case: Case) -> None:
        self.place, self.user, self.case = place, user, case
        self.room = place.room(None)
        self.room.chmod(0o777)
        self.student, self.next = self.room / "student", self.room / "next"
        self.report = self.room / "report.json"
        self.course = self.room / "course"

    def wins(self) -> bool:
        """Whether the attack got what it is made for."""
        shutil.copytree(TINY, self.course)
        (self.course / "scorer.py").write_text(
            "def same(a, b):\n    return abs(a - b).max() < 1e-9\n"
        )
        listeners = Listeners(self.room)
        try:
            self.case.build(self.student)
            secret = self.room / "secret"
            secret.write_text("LOOT")
            tokens = {
                "COURSE": str(self.course),
                "SECRET": str(secret),
                "GRADEBOOK": str(self.room / "gradebook.sqlite"),
                "UPLOADS": str(self.room),
                "NAIVE": "True",
                "GRADER": "os.getpid()" if "pid" in self.case.name else "0",
                **listeners.tokens,
            }
            fill_in(self.student, tokens)
            files({"arithmetic/double.py": RIGHT})(self.next)
            files({"arithmetic/double.py": RIGHT})(self.room / "000_right")
            (self.room / "gradebook.sqlite").write_bytes(b"a gradebook")
            for path in (*self.room.rglob("*"), self.room):
                if not path.is_symlink():
                    path.chmod(0o777)
            if self.case.wins == "intake":
                return self.intake()
            return self.judge(*self.run())
        finally:
            listeners.close()
            self.clean()

    def run(self) -> tuple[int | None, str, str]:
        """Exit code (None: it had to be ended), what was printed, and what came by pipe."""
        near, far = os.pipe()
        way = self.case.naive or "allclose"
        script = Path(__file__).with_name("naive.py")
        command = [self.place.python, "-B", self.place.kit / "tests" / "attacks" / script.name]
        command += [way, self.report, self.course, self.student, self.next]
        if way == "pytest_run":
            files({"test_hidden.py": CONFTEST_RUN})(self.student)
            command = [self.place.python, "-m", "pytest", "-q", self.student]
        environment = ENVIRONMENT | {"VERDICTS": str(far), "HOME": str(self.room)}
        environment["PYTHONPATH"] = f"{self.student}:{self.course}"
        if way != "fresh_stdout" and way != "pytest_run":
            environment["PYTHONPATH"] = str(self.course)
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        with (self.room / "log").open("wb") as log:
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=self.student,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[far],
                start_new_session=True,
                preexec_fn=fence,
                **(
                    {}
                    if os.geteuid()
                    else {"user": self.user, "group": self.user, "extra_groups": []}
                ),
            )
            os.close(far)
            code = self.wait(process)
        if self.case.wins == "score" and "daemon" in self.case.name:
            time.sleep(1)
        self.found_processes = self.processes()
        os.set_blocking(near, False)
        with contextlib.suppress(BlockingIOError):
            verdicts = os.read(near, 65536).decode("utf-8", "replace")
            os.close(near)
            return code, self.printed(), verdicts
        os.close(near)
        return code, self.printed(), ""

    def wait(self, process) -> int | None:
        denial = self.case.wins == "denial"
        end = time.monotonic() + (SECONDS if denial else PATIENCE)
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
            if (self.room / "log").stat().st_size > 10**7:
                break
            if denial and _cpu_seconds(process.pid) > WORK:
                break
        code = process.poll()
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return code

    def printed(self) -> str:
        with (self.room / "log").open("rb") as log:
            return log.read(2_000_000).decode("utf-8", "replace")

    def judge(self, code: int | None, printed: str, verdicts: str) -> bool:
        case = self.case
        if case.wins == "leak":
            return "LOOT" in printed
        if case.wins == "traces":
            return bool(self.found_processes or self.left())
        if case.wins == "denial":
            return not self.next_was_graded()
        if case.naive in ("exit", "pytest_run"):
            return code == 0
        if case.naive == "file":
            return _first(self.report.read_text()) == 1
        if case.naive == "pipe":
            return _first(verdicts) == 1
        if case.naive == "subprocess_scorer":
            return '{"score": 1.0}' in printed
        return _first(printed) == 1

    def next_was_graded(self) -> bool:
        try:
            return json.loads(self.report.read_text())["all"][1] == 1
        except (OSError, ValueError, LookupError, TypeError):
            return False

    def intake(self) -> bool:
        """An unpacker without care: did it leave its folder, hang, or take too much?"""
        target = self.room / "a" / "b" / "unpacked"
        target.mkdir(parents=True)
        made = next(self.room.glob("student*"))
        if made.suffix == ".zip":
            with zipfile.ZipFile(made) as archive:
                infos = archive.infolist()
                if len(infos) > 5000:
                    return True
                total = 0
                for info in infos:
                    with contextlib.suppress(zipfile.BadZipFile), archive.open(info) as member:
                        total += len(member.read(MUCH + 1)) if info.file_size < 10**9 else 0
                    if total > MUCH:
                        return True
                    (target / info.filename).resolve().parent.mkdir(parents=True, exist_ok=True)
                    if not (target / info.filename).resolve().is_relative_to(target):
                        return True
                return False
        if made.suffix == ".gz":
            with tarfile.open(made) as archive:
                names = archive.getmembers()
                escaped = any(
                    not (target / one.name).resolve().is_relative_to(target) for one in names
                )
                return escaped or sum(one.size for one in names) > MUCH
        for path in made.rglob("*"):
            if path.is_symlink() or path.is_fifo():
                return True
            if path.is_file() and path.stat().st_size > 10**9:
                return True
        return False

    def processes(self) -> list[int]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == self.user:
                    found.append(int(entry.name))
        return found

    def left(self) -> list[str]:
        """Files and objects of System V that belong to the user."""
        found = []
        for folder in map(Path, SHARED):
            for path in folder.iterdir() if folder.is_dir() else ():
                with contextlib.suppress(OSError):
                    if path.lstat().st_uid == self.user:
                        found.append(str(path))
        for kind in SYSV:
            table = Path("/proc/sysvipc") / kind
            for line in table.read_text().splitlines()[1:] if table.exists() else ():
                if str(self.user) in line.split():
                    found.append(f"{kind} {line.split()[1]}")
        return found

    def clean(self) -> None:
        """Take away all that the user left."""
        if os.geteuid() == 0:
            for _ in range(20):
                living = self.processes()
                for pid in living:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                if not living:
                    break
                time.sleep(0.02)
            for name in self.left():
                if name.startswith("/"):
                    if Path(name).is_dir():
                        remove_tree(Path(name))
                    else:
                        Path(name).unlink(missing_ok=True)
                else:
                    kind, number = name.split()
                    flag = {"shm": "-m", "sem": "-s", "msg": "-q"}[kind]
                    subprocess.run(["ipcrm", flag, number], check=False)
            ctypes.CDLL(None).mq_unlink(b"/kitnote")  # POSIX queues are in no folder here
        remove_tree(self.room)


def fence() -> None:
    """Limits that keep a winning attack from doing harm here; far above what a grader needs."""
    for which, value in (
        (resource.RLIMIT_NPROC, 60),
        (resource.RLIMIT_CPU, 3),
        (resource.RLIMIT_AS, 2**32),
        (resource.RLIMIT_FSIZE, 2**26),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far, without its children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _first(text: str) -> float:
    """The score in the first line that holds one."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, TypeError, LookupError):
            return float(json.loads(line)["score"])
    return 0.0


if __name__ == "__main__":
    from tests.attacks.catalogue import load

    place = Place()
    try:
        for case in load().values():
            chosen = len(sys.argv) < 2 or sys.argv[1] in case.name
            if case.wins in ("", "served") or not chosen:
                continue
            if not Fence(place, next(place.users), case).wins():
                print("does not win:", case.name, case.wins, case.naive, flush=True)
    finally:
        place.close()
