"""Check again whenever a file is saved: polling, so that it works everywhere."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

POLL = 0.1  # seconds between looks
SETTLE = 0.1  # a file must be still this long: editors write in several steps


def snapshot(root: Path, package: str) -> dict[str, tuple[int, int]]:
    """Time of change and size of every Python file that a check can depend on."""
    found = {}
    for path in [*(root / package).rglob("*.py"), *root.glob("assignments/*/*.py")]:
        try:
            status = path.stat()
        except OSError:  # between an editor's delete and its rename
            continue
        found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


def settled(root: Path, package: str) -> dict[str, tuple[int, int]]:
    """The snapshot once nothing has changed for a moment."""
    before = snapshot(root, package)
    while True:
        time.sleep(SETTLE)
        now = snapshot(root, package)
        if now == before:
            return now
        before = now


def watch(root: Path, package: str, arguments: list[str]) -> int:
    """Run check.py in a fresh process now and after every save, until Ctrl-C.

    A run that is still going when a file is saved is stopped: an endless loop costs nothing.
    """
    command = [sys.executable, "-B", str(root / "check.py"), *arguments]
    seen: dict[str, tuple[int, int]] = {}
    process: subprocess.Popen[bytes] | None = None
    try:
        while True:
            if snapshot(root, package) != seen:
                seen = settled(root, package)
                if process is not None and process.poll() is None:
                    process.kill()
                    process.wait()
                if sys.stdout.isatty():
                    print("\x1b[2J\x1b[H", end="")
                print(f"{time.strftime('%H:%M:%S')}  watching {package}/ (Ctrl-C ends)", flush=True)
                process = subprocess.Popen(command)
            time.sleep(POLL)
    except KeyboardInterrupt:
        if process is not None and process.poll() is None:
            process.kill()
        print("\nStopped watching.")
        return 0
