"""Places to run as somebody else: a fresh user, with an interpreter that this user can read."""

import itertools
import json
import os
import pwd
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from autograder.sandbox.outside.staging import remove_tree
from tests.places import MEMORY

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (
    *("numpy", "numpy.libs", "click", "rich", "markdown_it", "mdurl", "pygments"),
    *("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "py.py"),
)
UNNEEDED = shutil.ignore_patterns(
    *("site-packages", "test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter", "*.a"),
    *("__pycache__", "config-*", "turtledemo", "distutils"),
)
IMPORTED = (
    "import ast, asyncio, click, concurrent.futures, ctypes, importlib.util, json, pickle\n"
    "import multiprocessing, numpy, pytest, random, re, rich, sqlite3, struct, subprocess\n"
    "import unittest\n"
)
ENVIRONMENT = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NO_COLOR"), "1"),
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Place:
    """A folder that all may read, with the kit in it and, for other users, a copy of Python."""

    def __init__(self) -> None:
        memory = MEMORY in Path(tempfile.gettempdir()).parents
        place = tempfile.gettempdir() if memory else "/var/tmp"  # which all may enter
        self.folder = Path(tempfile.mkdtemp(prefix="kit-tests-", dir=place))
        self.folder.chmod(0o755)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()
        self.temporary.chmod(0o1777)
        self.users = itertools.count(_unused_uid())
        self.kit = self.folder / "kit"
        shutil.copytree(ROOT / "autograder", self.kit / "autograder", ignore=_no_caches)
        shutil.copytree(
            ROOT / "tests" / "attacks", self.kit / "tests" / "attacks", ignore=_no_caches
        )
        shutil.copytree(
            ROOT / "tests" / "tiny_course", self.kit / "tests" / "tiny_course", ignore=_no_caches
        )
        (self.kit / "tests" / "__init__.py").touch()
        self.python = sys.executable if os.geteuid() else str(self._copy_python())

    def _copy_python(self) -> Path:
        """The interpreter may lie below a closed home; other users need one of their own."""
        base = self.folder / "python"
        library = Path(sysconfig.get_paths()["stdlib"])
        target = base / "lib" / library.name
        shutil.copytree(library, target, ignore=UNNEEDED, symlinks=True)
        for shared in library.parent.glob("libpython*.so*"):
            shutil.copy2(shared, base / "lib", follow_symlinks=True)
        packages = target / "site-packages"
        packages.mkdir(exist_ok=True)
        for folder in (sysconfig.get_paths()["purelib"], *site.getsitepackages()):
            for name in PACKAGES:
                found = Path(folder) / name
                if found.is_dir() and not (packages / name).exists():
                    shutil.copytree(found, packages / name, ignore=UNNEEDED)
                elif found.is_file():
                    shutil.copy2(found, packages / name)
        (base / "bin").mkdir()
        binary = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        _copy_binary(Path(sys.executable).resolve(), binary, str(library.parent))
        self._compile(binary)
        subprocess.run(["chmod", "-R", "a+rX", self.folder], check=True)
        return binary

    def _compile(self, python: Path) -> None:
        """Once, what hundreds of processes import: they can't write it down themselves."""
        compiling = ["-m", "compileall", "-q", self.kit / "autograder", self.kit / "tests"]
        for arguments in (["-c", IMPORTED], compiling):
            environment = {"PATH": ENVIRONMENT["PATH"]}
            subprocess.run([python, *arguments], check=True, cwd=self.kit, env=environment)

    def trouble(self) -> str:
        """Why nothing can be run as somebody else here, or nothing."""
        done = self.run(["-c", "import numpy, click"], user=next(self.users))
        return done.stderr.strip()[-300:] if done.returncode else ""

    def room(self, user: int | None) -> Path:
        """A fresh folder that belongs to a user."""
        room = Path(tempfile.mkdtemp(dir=self.folder))
        if user is not None:
            os.chown(room, user, user)
        return room

    def run(
        self, arguments, *, user: int | None = None, timeout: float = 600.0, **more
    ) -> subprocess.CompletedProcess:
        """Run Python as root (user None: whoever runs the tests) or as an ordinary user."""
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        return subprocess.run(
            [self.python if user is not None else sys.executable, *map(str, arguments)],
            cwd=more.pop("cwd", self.kit),
            env=ENVIRONMENT
            | {"HOME": "/nonexistent", "TMPDIR": str(self.temporary)}
            | more.pop("env", {}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            **identity,
            **more,
        )

    def arena(
        self, user: int | None, level: str, assignment="01", chosen="", without="", strongest=""
    ):
        """One batch at one level; what came of each case."""
        room = self.room(user)
        command = ["-m", "tests.attacks.arena", room, level, assignment, chosen, without, strongest]
        done = self.run(command, user=user)
        assert done.returncode == 0, done.stderr[-3000:]
        remove_tree(room)
        return json.loads(done.stdout)

    def close(self) -> None:
        remove_tree(self.folder)


def _copy_binary(source: Path, target: Path, library: str) -> None:
    """A program that looks for its shared library beside its new place, not in its old one."""
    old, new = library.encode() + b"\0", b"$ORIGIN/../lib\0"
    target.write_bytes(source.read_bytes().replace(old, new.ljust(len(old), b"\0")))
    target.chmod(0o755)


def _no_caches(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]


def _unused_uid() -> int:
    """The first of a row of user ids that nobody has and nothing runs as."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            taken.add(process.stat().st_uid)
        except OSError:
            continue
    first = 30_000 + os.getpid() % 100 * 300  # another run of the tests takes others
    while taken & set(range(first, first + 300)):
        first += 300
    return first
