"""The secret behind the hidden inputs: outside the repository, made on first use."""

import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import KitError

ONLY = b"only "  # begins a file that holds the key of one assignment


@dataclass(frozen=True)
class Secret:
    """Seeds hidden checks, so that nobody who has the repository knows their inputs."""

    value: bytes
    path: Path

    @classmethod
    def load(cls, course_id: str) -> "Secret":
        """The course's secret; where there is none yet, a new one is written (mode 0600)."""
        named = os.environ.get("AUTOGRADER_SECRET_FILE")
        path = Path(named) if named else _default_path(course_id)
        try:
            if not path.exists() and not named:
                _write_new(path)
            value = path.read_bytes().strip()
        except OSError as error:
            raise KitError(
                f"The secret of the hidden inputs at {path} can't be read or written: "
                f"{error.strerror}. Set AUTOGRADER_SECRET_FILE to a file of your own with at "
                "least 16 random characters in it."
            ) from error
        if len(value) < 16:
            raise KitError(
                f"The secret of the hidden inputs in {path} is too short ({len(value)} bytes): "
                "put at least 16 random characters into it."
            )
        return cls(value, path)

    def stream(self, assignment: str, digest: str, streams: int) -> int:
        """Which of the streams of inputs, 0 … streams - 1, work with this digest meets."""
        text = b"\0".join((self.key(assignment), b"stream of", digest.encode()))
        return int.from_bytes(hashlib.sha256(text).digest(), "big") % streams

    def seed(self, assignment: str, check: str, stream: int = 0) -> int:
        """A whole number of 256 bits that only this course's graders know."""
        text = b"\0".join((self.key(assignment), check.encode()))
        if stream:
            text += b"\0stream %d" % stream
        return int.from_bytes(hashlib.sha256(text).digest(), "big")

    def key(self, assignment: str) -> bytes:
        """What the inputs of one assignment come from; it does not give the course's secret away.

        KitError if only another assignment's key is here.
        """
        if not self.value.startswith(ONLY):
            return hmac.new(
                self.value, f"assignment/{assignment}".encode(), hashlib.sha256
            ).digest()
        name, _, key = self.value.removeprefix(ONLY).decode().partition(" ")
        if name != assignment:
            raise KitError(f"{self.path} holds the key of {name} only, not that of {assignment}.")
        return bytes.fromhex(key)

    def lend(self, assignment: str) -> bytes:
        """The content of a file that grades one assignment elsewhere, on the same inputs."""
        return ONLY + f"{assignment} {self.key(assignment).hex()}\n".encode()

    @property
    def fingerprint(self) -> str:
        """Tells secrets apart without telling them."""
        return hashlib.sha256(b"fingerprint\0" + self.value).hexdigest()[:16]


def _default_path(course_id: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    base = Path(state) if state else Path.home() / ".local" / "state"
    return base / "autograder" / course_id / "secret"


def _write_new(path: Path) -> None:
    """Two graders that start at once agree: the first link to the name wins."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)
    draft.unlink()
