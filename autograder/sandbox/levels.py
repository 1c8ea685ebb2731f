"""Levels of isolation: their names, in order, and what each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PROCESS, SECCOMP, LANDLOCK, NAMESPACES = "process", "seccomp", "landlock", "namespaces"
LEVELS = (PROCESS, SECCOMP, LANDLOCK, NAMESPACES)


@dataclass(frozen=True)
class Isolation:
    """What a sandbox really puts between student code and the machine."""

    level: str
    layers: tuple[str, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return " + ".join(self.layers)
