"""Ears on loopback: TCP, UDP, a socket in the file system, and an abstract one."""

import os
import socket
from pathlib import Path


class Listeners:
    """Open sockets that nobody honest talks to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "line"
        self.abstract = f"kit-tests-{os.getpid()}"
        self.tcp = socket.socket()
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.unix = socket.socket(socket.AF_UNIX)
        self.hidden = socket.socket(socket.AF_UNIX)
        self.tcp.bind(("127.0.0.1", 0))
        self.udp.bind(("127.0.0.1", 0))
        self.unix.bind(str(self.path))
        self.path.chmod(0o666)
        self.hidden.bind("\0" + self.abstract)
        for line in (self.tcp, self.unix, self.hidden):
            line.listen()
        for line in self.all:
            line.setblocking(False)

    @property
    def all(self) -> list[socket.socket]:
        return [self.tcp, self.udp, self.unix, self.hidden]

    @property
    def tokens(self) -> dict[str, str]:
        return {
            "TCP": str(self.tcp.getsockname()[1]),
            "UDP": str(self.udp.getsockname()[1]),
            "UNIX": str(self.path),
            "ABSTRACT": self.abstract,
        }

    def heard(self) -> list[str]:
        """Whether anybody has called since the last time."""
        found = []
        for line in self.all:
            try:
                if line.type == socket.SOCK_DGRAM:
                    line.recv(100)
                else:
                    line.accept()[0].close()
                found.append(f"something came over {line.family.name} {line.type.name}")
            except BlockingIOError:
                continue
        return found

    def close(self) -> None:
        for line in self.all:
            line.close()
        self.path.unlink(missing_ok=True)
