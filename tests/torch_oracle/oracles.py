"""Find the oracles: one file an assignment, with `inputs`, `ours` and `theirs`."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
SOLUTIONS = str(HERE.parent.parent / "solutions")
if SOLUTIONS not in sys.path:
    sys.path.insert(0, SOLUTIONS)
NAMES = sorted(path.stem.removeprefix("oracle_") for path in HERE.glob("oracle_*.py"))


def load(name: str) -> ModuleType:
    """The oracle of an assignment."""
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", HERE / f"oracle_{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
