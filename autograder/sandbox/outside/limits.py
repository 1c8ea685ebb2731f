"""What one submission may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Budgets of a submission; CPU time is measured from outside the jail."""

    cpu_per_check: float = 2.0  # seconds
    cpu_total: float = 20.0  # seconds; what comes after is skipped
    idle_per_check: float = 2.0  # seconds asleep, waiting or stopped
    wall_per_check: float = 60.0  # seconds, however busy the machine
    memory_mb: int = 512
    log_bytes: int = 65536
    file_mb: int = 8  # of one file; all of the scratch folder may hold four times that
    scratch_entries: int = 1000
    frame_mb: int = 64
    threads: int = 16
    served_calls: int = 100_000
