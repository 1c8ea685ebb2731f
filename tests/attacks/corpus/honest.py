"""Honest programs that must never be punished: full marks each."""

from tests.attacks.catalogue import RIGHT, Group, files, source

honest = Group("honest", score=4.0, verdicts=("passed",))
HEAD = "import numpy as np\n"


def right(body: str, **beside):
    """`f(x)` is twice x, in some way."""
    return source(
        HEAD + body + "\ndef double(x):\n    return f(x), None\n"
        "def double_backward(dy, cache):\n    return f(dy)\n",
        **beside,
    )


honest("plain", "plain code", files({"arithmetic/double.py": RIGHT}))
honest(
    "utf_16",
    "UTF-16, as a Windows shell writes it",
    files({"arithmetic/double.py": RIGHT.encode("utf-16")}),
)
honest(
    "prints",
    "prints, also colours and null characters, and to stderr",
    right(
        "import sys\ndef f(x):\n    print('so far', x, '\\x1b[31m\\0', flush=True)\n"
        "    print('so good', file=sys.stderr)\n    return x + x"
    ),
)
honest(
    "prints_a_lot",
    "prints more than is kept",
    right("def f(x):\n    print('line of a debugger ' * 10_000)\n    return x + x"),
)
honest(
    "warns",
    "warns, and divides by zero on the way",
    right(
        "import warnings\ndef f(x):\n    warnings.warn('careful')\n"
        "    np.ones(2) / np.zeros(2)\n    return x + x"
    ),
)
honest(
    "logs",
    "logs, with a configuration of its own",
    right(
        "import logging\nlogging.basicConfig(level='DEBUG')\nlog = logging.getLogger('me')\n"
        "def f(x):\n    log.info('shape %s', x.shape)\n    return x + x"
    ),
)
honest(
    "single_precision",
    "keeps the input's precision by hand",
    right("def f(x):\n    return (np.float32(2) * x).astype(x.dtype)"),
)
honest(
    "not_contiguous",
    "returns a transposed, reversed, strided result",
    right(
        "def f(x):\n    y = np.zeros((*x.shape[::-1], 2), x.dtype)\n"
        "    y[..., 1] = 2 * x.T\n    return y[..., 1].T"
    ),
)
honest(
    "fortran_order",
    "returns column-major arrays",
    right("def f(x):\n    return np.asfortranarray(x + x)"),
)
honest(
    "read_only",
    "returns a read-only array",
    right("def f(x):\n    y = x + x\n    y.flags.writeable = False\n    return y"),
)
honest(
    "views_of_the_input",
    "returns a view of a copy of the input",
    right("def f(x):\n    y = x.copy()\n    y *= 2\n    return y.reshape(-1).reshape(x.shape)"),
)
honest(
    "broadcast_result",
    "returns a broadcast view that is right",
    right("def f(x):\n    return np.broadcast_to(x + x, (1, *x.shape))[0]"),
)
honest(
    "global_cache",
    "keeps results in a module-wide dict",
    right(
        "CACHE = {}\ndef f(x):\n    key = x.tobytes(), x.shape, x.dtype\n"
        "    return CACHE.setdefault(key, x + x)"
    ),
)
honest(
    "rich_cache",
    "a cache of classes, closures and generators",
    source(
        HEAD + "class Cache:\n    def __init__(self, x):\n        self.x = x\n"
        "        self.again = lambda dy: dy + dy\n        self.rows = (r for r in x)\n"
        "def double(x):\n    return x + x, Cache(x)\n"
        "def double_backward(dy, cache):\n    return cache.again(dy)\n"
    ),
)
honest(
    "scratch_file",
    "np.save and np.load of a scratch file",
    right("def f(x):\n    np.save('scratch.npy', x)\n    return 2 * np.load('scratch.npy')"),
)
honest(
    "temporary_file",
    "tempfile in its default place",
    right(
        "import tempfile\ndef f(x):\n    with tempfile.NamedTemporaryFile() as file:\n"
        "        file.write(x.tobytes())\n        file.flush()\n    with "
        "tempfile.TemporaryDirectory() as folder:\n        open(folder + '/a', 'w').close()\n"
        "    return x + x"
    ),
)
honest(
    "home",
    "looks into its home folder",
    right("import pathlib\ndef f(x):\n    list(pathlib.Path.home().iterdir())\n    return x + x"),
)
honest(
    "blas",
    "BLAS on matrices of some size",
    right(
        "A = np.random.default_rng(0).normal(size=(300, 300))\ndef f(x):\n"
        "    np.linalg.svd(A[:60] @ A)\n    return x + x"
    ),
)
honest(
    "threads",
    "four threads that do the work",
    right(
        "from concurrent.futures import ThreadPoolExecutor\ndef f(x):\n"
        "    with ThreadPoolExecutor(4) as pool:\n"
        "        return np.array(list(pool.map(lambda r: r + r, x)), x.dtype)"
    ),
)
honest(
    "helpers",
    "helper modules beside the package, and packages of them",
    right(
        "from helper import twice\ndef f(x):\n    return twice(x)",
        **{
            "helper.py": "from tools.more import add\ndef twice(x):\n    return add(x, x)\n",
            "tools/__init__.py": "",
            "tools/more.py": "def add(a, b):\n    return a + b\n",
        },
    ),
)
honest(
    "relative_imports",
    "relative imports inside the package",
    right(
        "from .inner import twice as f",
        **{"arithmetic/inner.py": "def twice(x):\n    return x + x\n"},
    ),
)
honest(
    "given_file",
    "imports a file that was given and not handed in",
    right("from arithmetic.rounding import to_tenths\ndef f(x):\n    return x + x"),
)
honest(
    "type_hints",
    "type hints, also for names that exist while checking only",
    source(
        "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from nowhere import Thing\n"
        "def double(x: Thing) -> Thing:\n    return x + x, None\n"
        "def double_backward(dy: Thing, cache: Thing) -> Thing:\n    return dy + dy\n"
    ),
)
honest(
    "dataclasses",
    "dataclasses, enums and named tuples in a cache",
    source(
        "from dataclasses import dataclass, field\nfrom enum import Enum\n"
        "from typing import Any, NamedTuple\nclass Kind(Enum):\n    TWICE = 2\n"
        "class Pair(NamedTuple):\n    y: Any\n    cache: Any\n"
        "@dataclass(frozen=True, slots=True)\nclass Cache:\n    kind: Kind = Kind.TWICE\n"
        "def double(x):\n    return Pair(x + x, Cache())\n"
        "def double_backward(dy, cache):\n    return dy * cache.kind.value\n"
    ),
)
honest(
    "lru_cache",
    "functools.lru_cache",
    right(
        "import functools\n@functools.lru_cache\ndef factor(n):\n    return n\n"
        "def f(x):\n    return x * factor(2)"
    ),
)
honest(
    "own_exception",
    "an exception of its own, raised and caught",
    right(
        "class Oops(Exception): pass\ndef f(x):\n    try:\n        raise Oops('no')\n"
        "    except Oops:\n        return x + x"
    ),
)
honest(
    "windows_line_ends",
    "CRLF line ends",
    files({"arithmetic/double.py": RIGHT.replace("\n", "\r\n")}),
)
honest(
    "byte_order_mark",
    "a byte order mark at the start",
    files({"arithmetic/double.py": b"\xef\xbb\xbf" + RIGHT.encode()}),
)
honest(
    "tabs_and_form_feeds",
    "tabs for indentation",
    files({"arithmetic/double.py": RIGHT.replace("    ", "\t") + "\f\n"}),
)
honest(
    "declared_encoding",
    "Latin-1 with a declaration",
    files({"arithmetic/double.py": b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + RIGHT.encode()}),
)
honest(
    "slow_loops",
    "a slow but right triple loop within the limit",
    right(
        "def f(x):\n    for i in range(30):\n        for j in range(30):\n"
        "            for k in range(30):\n                i * j * k\n    y = x * 0\n"
        "    for place in np.ndindex(x.shape):\n        y[place] = 2 * x[place]\n"
        "    return y"
    ),
)
honest(
    "main_guard",
    "a main guard with a demonstration in it",
    source(RIGHT + "\nif __name__ == '__main__':\n    import matplotlib\n    print(double(3))\n"),
)
honest(
    "optional_import",
    "tries an import that is not there",
    right(
        "try:\n    import torch\nexcept ImportError:\n    torch = None\ndef f(x):\n    return x + x"
    ),
)
honest(
    "random_numbers",
    "random numbers, old style and new",
    right(
        "import random\ndef f(x):\n    np.random.seed(0)\n    random.random()\n"
        "    np.random.default_rng().normal()\n    return x + x"
    ),
)
honest(
    "error_state",
    "changes NumPy's error state and print options",
    right("np.seterr(all='raise')\nnp.set_printoptions(precision=2)\ndef f(x):\n    return x + x"),
)
honest("star_imports", "from numpy import *", source("from numpy import *\n" + RIGHT))
honest(
    "decorators",
    "decorated, partial and callable-object functions",
    source(
        "import functools\ndef noted(function):\n    @functools.wraps(function)\n"
        "    def wrapper(*a, **k):\n        return function(*a, **k)\n    return wrapper\n"
        "@noted\ndef double(x):\n    return x + x, None\nclass Back:\n"
        "    def __call__(self, dy, cache):\n        return dy + dy\n"
        "double_backward = Back()\n"
    ),
)
honest(
    "many_files",
    "a hundred scratch files in a folder",
    right(
        "import os\ndef f(x):\n    os.makedirs('cache', exist_ok=True)\n"
        "    for k in range(100):\n        open(f'cache/{k}', 'w').close()\n"
        "    return x + x"
    ),
)
honest(
    "late_imports",
    "imports modules of the standard library in a call",
    right("def f(x):\n    import decimal, json, statistics, unittest.mock\n    return x + x"),
)
honest(
    "rare_late_imports",
    "imports rare modules of the standard library in a call",
    right("def f(x):\n    import colorsys, xml.etree.ElementTree\n    return x + x"),
    wants_open_interpreter=True,
)
