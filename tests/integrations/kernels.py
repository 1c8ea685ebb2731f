"""Notebooks' kernels as forks of a process that has imported what most of them need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.provisioning import local_provisioner

from tests.warm import Running, Warm


@contextmanager
def warm_kernels(*imports: str) -> Iterator[None]:
    """Kernels that this process starts meanwhile, one at a time, find these modules imported."""
    warm = Warm(["ipykernel.kernelapp", "ipykernel.ipkernel", *imports])

    def launch(
        command: Sequence[str], env: Mapping[str, str], cwd: Path | str = ".", **_unused: Any
    ) -> Running:
        return warm.start(command[list(command).index("-m") + 1 :], env, Path(cwd).resolve())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_provisioner, "launch_kernel", launch)
        yield
    warm.close()
