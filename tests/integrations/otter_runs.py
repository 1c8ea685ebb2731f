"""Many runs of what `otter run` calls, in one process: python -m tests.integrations.otter_runs.

Each argument is a JSON list: upload, bundle, folder for results.json (or error.txt).
"""

import json
import sys
import traceback
from pathlib import Path

from otter.run import capture_run_output, main

for argument in sys.argv[1:]:
    upload, bundle, out = json.loads(argument)
    try:
        with capture_run_output():
            main(upload, autograder=bundle, output_dir=out, no_logo=True)
    except Exception:
        (Path(out) / "error.txt").write_text(traceback.format_exc())
