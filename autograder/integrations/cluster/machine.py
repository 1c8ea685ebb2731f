"""What runs in a worker of the cluster: it looks around, and starts shards as commands."""

import json
import os
import platform
import signal
import subprocess
import sys
import threading
from typing import Any

from autograder.checker.contract import Contract
from autograder.errors import KitError
from autograder.grading.conditions import versions
from autograder.integrations.cluster.parcel import engine_digest
from autograder.sandbox.outside.remote import Sandbox

SHARD = [sys.executable, "-m", "autograder.integrations.cluster.shard"]


class ShardLost(Exception):
    """The process that graded a shard died; what it had finished is not known to anybody."""


def look_around() -> dict[str, Any]:
    """What this machine has: the engine, its versions, and the level that its jail reaches."""
    about = versions()
    found = {
        "machine": platform.node(),
        "engine": engine_digest(),
        "kit": about.kit,
        "python": ".".join(about.python.split(".")[:2]),
        "numpy": about.numpy,
        "platform": about.platform,
        "level": "",
        "layers": [],
        "missing": {},
        "why": "",
    }
    try:
        with Sandbox(Contract("nothing", {})) as sandbox:
            reached = sandbox.isolation
    except KitError as error:
        return {**found, "why": str(error)}
    return {
        **found,
        "level": reached.level,
        "layers": list(reached.layers),
        "missing": dict(reached.missing),
    }


def grade_shard(parcel: bytes, packed: bytes) -> list[dict[str, Any]]:
    """Grade a shard in a command of its own, away from the cluster's worker.

    Returns a table for each submission: its place in the shard and its result document; or one
    table that says why the machine refused. Raises ShardLost where the command died.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DASK_")}
    with subprocess.Popen(
        SHARD,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        errors: list[bytes] = []
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        try:
            process.stdin.write(f"{len(parcel)} {len(packed)}\n".encode())
            process.stdin.write(parcel)
            process.stdin.write(packed)
            process.stdin.flush()
            lines = process.stdout.readlines()  # stdin stays open until they are all here
        except BrokenPipeError:
            lines = []
        finally:
            process.stdin.close()
            process.stdin = None
        code = process.wait()
        reader.join(5)
    if code != 0:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        words = b"".join(errors).decode(errors="replace").strip().splitlines()[-1:]
        raise ShardLost(f"the grading command died ({how}): {''.join(words)}")
    return [json.loads(line) for line in lines]
