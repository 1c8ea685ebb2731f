"""Where tests put their temporary files."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6 * 2**30  # bytes that must be free there


def in_memory() -> Path | None:
    """A new folder in memory for everybody's files; None where there is no room.

    The tests make many thousands of small files, and on a disk these take most of the time.
    """
    if not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    if found.f_bavail * found.f_frsize < ROOM or found.f_flag & os.ST_NOEXEC:
        return None
    folder = Path(tempfile.mkdtemp(prefix="kit-tests-", dir=MEMORY))
    folder.chmod(0o1777)
    return folder
