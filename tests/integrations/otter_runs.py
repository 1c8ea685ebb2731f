"""Many runs of what `otter run` calls, in one process: python -m tests.integrations.otter_runs.

Each argument is a JSON list: upload, bundle, folder for results.json (or error.txt), and whether
its kernel starts anew, so that it would import what was handed in. The others' kernels are forks.
"""

import json
import sys
import traceback
from pathlib import Path

from otter.run import capture_run_output, main

from tests.integrations.kernels import warm_kernels


def run(upload: str, bundle: str, out: str) -> None:
    try:
        with capture_run_output():
            main(upload, autograder=bundle, output_dir=out, no_logo=True)
    except Exception:
        (Path(out) / "error.txt").write_text(traceback.format_exc())


jobs = [json.loads(argument) for argument in sys.argv[1:]]
for *job, anew in jobs:
    if anew:
        run(*job)
with warm_kernels("numpy", "otter.execute"):
    for *job, anew in jobs:
        if not anew:
            run(*job)
