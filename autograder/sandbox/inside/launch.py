"""Started by path in a fresh interpreter: makes a package of this folder alone, and runs a zygote.

The rest of the kit is not importable from there, so nothing of it can be loaded by mistake.
"""

import gc
import importlib
import sys
from pathlib import Path
from types import ModuleType

if __name__ == "__main__":
    gc.disable()  # all that is imported stays; the zygote turns it on again
    package = ModuleType("kit_sandbox")
    package.__path__ = [str(Path(__file__).parent.parent)]
    sys.modules["kit_sandbox"] = package
    importlib.import_module("kit_sandbox.inside.zygote").main(int(sys.argv[1]))
