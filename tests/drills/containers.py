"""Grading inside a real container: runc, the stock capabilities, the stock seccomp profile.

    python -m tests.drills.containers      runs everything as root and as an ordinary user, with and
                                           without CAP_SYS_ADMIN, and prints a table

The container's root is the machine's, bound read-only, with a small /tmp to write in. It needs
root, runc, and the seccomp profile that Debian's golang-github-containers-common brings.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks.catalogue import CASES, load
from tests.attacks.matrix import ASSIGNMENTS, Battle
from tests.attacks.places import ROOT, Place

PROFILE = Path("/usr/share/containers/seccomp.json")
STOCK = (  # what engines leave to root in a container
    *("CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL"),
    *("CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID"),
    *("CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"),
)
ARCHITECTURES = {
    "x86_64": ("amd64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
    "aarch64": ("arm64", ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
}
SETS = ("bounding", "effective", "permitted")
ARENA = ("-m", "tests.attacks.arena", "/tmp/room")
# The grader's number must not be one that a worker has in its own namespace, where both are small.
LATER = 'n=0; while [ $n -lt 300 ]; do /bin/true; n=$((n + 1)); done; "$@"; exit $?'
RIGHT = "04"  # of the real course; the corpus has a small course of its own


@dataclass(frozen=True)
class Kind:
    """Who is in the container, and what root may do there."""

    user: int
    capabilities: tuple[str, ...]

    @property
    def title(self) -> str:
        who = "an ordinary user" if self.user else "root"
        return who + (" with CAP_SYS_ADMIN" if "CAP_SYS_ADMIN" in self.capabilities else "")


KINDS = tuple(
    Kind(user, (*STOCK, *more)) for user in (0, 10_001) for more in ((), ("CAP_SYS_ADMIN",))
)


def missing() -> str:
    """What a machine lacks for this, or nothing."""
    if os.geteuid():
        return "it needs root"
    if shutil.which("runc") is None:
        return "runc is not installed"
    if not PROFILE.is_file():
        return "the stock seccomp profile is not installed (golang-github-containers-common)"
    done = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    return "no mount namespaces here" if done.returncode else ""


def flattened(profile: dict[str, Any], capabilities: tuple[str, ...]) -> dict[str, Any]:
    """The profile as runc wants it: what holds for this architecture and these capabilities."""
    name, architectures = ARCHITECTURES[platform.machine()]
    has = set(capabilities)
    calls = []
    for rule in profile["syscalls"]:
        wants, bars = rule.get("includes") or {}, rule.get("excludes") or {}
        if not set(wants.get("caps") or ()) <= has or has & set(bars.get("caps") or ()):
            continue
        if wants.get("arches") and name not in wants["arches"]:
            continue
        if name in (bars.get("arches") or ()):
            continue
        kept = {key: rule[key] for key in ("names", "action", "errnoRet", "args") if rule.get(key)}
        calls.append(kept)
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile.get("defaultErrnoRet", 1),
        "architectures": architectures,
        "syscalls": calls,
    }


class Containers:
    """Runs commands of the kit in containers. A context manager."""

    def __init__(self) -> None:
        self.place = Place()
        for name in ("assignments", "solutions"):
            shutil.copytree(ROOT / name, self.place.kit / name)
        self.folder = Path(tempfile.mkdtemp(prefix="kit-runc-", dir="/var/tmp"))

    def __enter__(self) -> Containers:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.place.close()

    def run(
        self, kind: Kind, arguments: list[str], *, program: str | None = None, timeout: float = 1200
    ) -> str:
        """What a program prints in a container of this kind: by default Python, beside the kit."""
        home = Path(tempfile.mkdtemp(dir=self.folder))
        (home / "rootfs").mkdir()
        subprocess.run(["runc", "spec"], cwd=home, check=True)
        spec = json.loads((home / "config.json").read_text())
        spec["process"] |= {
            "terminal": False,
            "user": {"uid": kind.user, "gid": kind.user},
            "args": ["/bin/sh", "-c", LATER, "sh", program or self.place.python, *arguments],
            "cwd": str(self.place.kit),
            "env": [
                *("PATH=/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/tmp", "NO_COLOR=1"),
                *("OPENBLAS_NUM_THREADS=1", "PYTHONDONTWRITEBYTECODE=1"),
            ],
            "capabilities": {one: list(kind.capabilities) for one in SETS},
            "noNewPrivileges": True,
            "rlimits": [],
        }
        spec["root"] = {"path": "rootfs", "readonly": True}
        spec["mounts"] += [
            {
                "destination": "/tmp",
                "type": "tmpfs",
                "source": "tmpfs",
                "options": ["nosuid", "nodev", "mode=1777", "size=512m"],
            }
        ]
        profile = json.loads(PROFILE.read_text())
        spec["linux"]["seccomp"] = flattened(profile, kind.capabilities)
        (home / "config.json").write_text(json.dumps(spec))
        script = (
            f"mount --make-rprivate / && mount --bind / {home}/rootfs && "
            f"exec runc --root {home}/state run kit-{home.name}"
        )
        done = subprocess.run(
            ["unshare", "-m", "bash", "-c", script],
            cwd=home,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        return done.stdout

    def doctor(self, kind: Kind) -> str:
        return self.run(kind, ["-m", "autograder", "doctor"])

    def right(self, kind: Kind) -> tuple[float, float]:
        """Score and most points of the solution of an assignment."""
        command = ["-m", "autograder", "grade", RIGHT, "solutions", "--results", "/tmp/results"]
        (result,) = json.loads(self.run(kind, [*command, "--json"]))["results"]
        return result["score"], result["max_score"]

    def levels(self, kind: Kind) -> list[str]:
        return json.loads(self.run(kind, [*ARENA, "levels", "01"]))

    def battles(self, kind: Kind, level: str, assignment: str) -> list[Battle]:
        """What came of every case of the corpus at a level."""
        batch = json.loads(self.run(kind, [*ARENA, level, assignment]))
        return [
            Battle(CASES[name], outcome, batch)
            for name, outcome in batch["cases"].items()
            if not (CASES[name].wants_open_interpreter and batch["notes"])
        ]

    def complaints(
        self, kind: Kind, level: str, assignment: str
    ) -> tuple[int, dict[str, list[str]]]:
        """How many cases were tried; what was not as it must be, after a second try."""
        found = {}
        battles = self.battles(kind, level, assignment)
        for battle in battles:
            if complaints := battle.complaints():
                found[battle.case.name] = complaints
                if battle.ran_out_of_time:
                    again = self._alone(kind, level, battle)
                    found[battle.case.name] = again.complaints()
        return len(battles), {name: words for name, words in found.items() if words}

    def _alone(self, kind: Kind, level: str, battle: Battle) -> Battle:
        case = battle.case
        command = [*ARENA, level, case.assignment, case.name]
        batch = json.loads(self.run(kind, command))
        return Battle(case, batch["cases"][case.name], batch)


def main() -> int:
    """Print the table; 1 where an attack was not stopped."""
    if words := missing():
        print(f"Not here: {words}.")
        return 2
    load()
    failed = 0
    with Containers() as containers:
        print("| in the container | level | right work | attacks and odd programs | stopped |")
        print("|---|---|---|---|---|")
        for kind in KINDS:
            level = containers.levels(kind)[-1]
            score, most = containers.right(kind)
            tried = stopped = 0
            for assignment in ASSIGNMENTS:
                count, wrong = containers.complaints(kind, level, assignment)
                tried, stopped = tried + count, stopped + count - len(wrong)
                for name, words in wrong.items():
                    print(f"  {kind.title}: {name}: {words}", file=sys.stderr)
            failed += tried - stopped + (score != most)
            row = (kind.title, level, f"{score:g} of {most:g}", str(tried), str(stopped))
            print(f"| {' | '.join(row)} |", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
