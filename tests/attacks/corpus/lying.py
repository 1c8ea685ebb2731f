"""Values that lie."""

from tests.attacks.catalogue import Group, source

attack = Group("lying", wins="score", verdicts=("wrong_type", "bad_output"))
mishap = Group("lying")

BOTH = """
def double(x):
    return lie(x), None
def double_backward(dy, cache):
    return lie(dy)
"""


def lie(text: str, **kw: object):
    return source("import numpy as np\n" + text + BOTH, **kw)


attack(
    "equal_to_all",
    "an object that equals everything",
    lie("class Yes:\n    def __eq__(self, other): return True\ndef lie(x): return Yes()"),
    naive="equality",
)
attack(
    "array_protocol",
    "an object whose __array__ gives what the frames around expect",
    lie(
        """
import sys
class Chameleon:
    def __array__(self, dtype=None, copy=None):
        frame = sys._getframe()
        while frame:
            if "expected" in frame.f_locals:
                return np.array(frame.f_locals["expected"])
            frame = frame.f_back
        return np.zeros(1)
def lie(x): return Chameleon()
"""
    ),
    naive="allclose",
)
attack(
    "float_protocol",
    "an object whose __float__ changes with every call",
    lie(
        "class Zero:\n    def __float__(self): return 0.0\n    def __sub__(self, o): return self\n"
        "    __rsub__ = __sub__\n    def __abs__(self): return self\n    __array_ufunc__ = None\n"
        "def lie(x): return Zero()"
    ),
    naive="float",
)
attack(
    "array_priority",
    "an operand that takes over every comparison",
    lie(
        "class First:\n    __array_priority__ = 1e9\n    __array_ufunc__ = None\n"
        "    def __eq__(self, o): return np.True_\n    def __rsub__(self, o): return np.zeros(1)\n"
        "    __sub__ = __rsub__\ndef lie(x): return First()"
    ),
    naive="equality",
)
attack(
    "ufunc_override",
    "an ndarray subclass that answers every ufunc with True",
    lie(
        "class Liar(np.ndarray):\n    def __array_ufunc__(self, f, m, *a, **k):\n"
        "        return np.ones((), bool)\ndef lie(x): return np.zeros(x.shape).view(Liar)"
    ),
    naive="equality",
)
attack(
    "function_override",
    "an ndarray subclass that answers every NumPy function with True",
    lie(
        "class Liar(np.ndarray):\n    def __array_function__(self, f, t, a, k): return True\n"
        "def lie(x): return np.zeros(x.shape).view(Liar)"
    ),
    naive="allclose",
)
attack(
    "float_subclass",
    "a subclass of np.float64 that equals everything",
    lie(
        "class Liar(np.float64):\n    def __eq__(self, o): return True\n    __hash__ = None\n"
        "    __array_ufunc__ = None\ndef lie(x): return Liar(0.0)"
    ),
    naive="equality",
)
attack(
    "masked",
    "an array with everything masked",
    lie("def lie(x): return np.ma.masked_all(x.shape)"),
    naive="difference",
)
attack(
    "empty",
    "an empty array that broadcasts against the answer",
    lie("def lie(x): return np.empty((0, *x.shape))"),
    naive="allclose",
    verdicts=("wrong_shape", "wrong_type"),
)
attack(
    "nan",
    "NaN, which is never farther away than allowed",
    lie("def lie(x): return x * np.nan"),
    naive="difference",
    verdicts=("not_finite",),
)
attack(
    "infinity",
    "infinity, whose relative error is NaN",
    lie("def lie(x): return np.full_like(x, np.inf)"),
    naive="relative",
    verdicts=("not_finite",),
)
attack(
    "complex_nan",
    "complex numbers with NaN in one half",
    lie("def lie(x): return x * complex(0, np.nan)"),
    naive="difference",
)
attack(
    "object_dtype",
    "an array of objects that equal everything",
    lie(
        "class Yes:\n    def __eq__(self, o): return True\n"
        "def lie(x):\n    y = np.empty(x.shape, object)\n    y.fill(Yes())\n    return y"
    ),
    naive="equality",
)
attack(
    "reduce",
    "an object whose pickle runs code in the reader",
    lie(
        "class Bomb:\n    def __reduce__(self):\n"
        "        return (print, ('{\"score\": 1.0}',))\ndef lie(x): return Bomb()"
    ),
    naive="transport",
)
attack(
    "changes_between_reads",
    "an array that is right only while the grader compares, changed by a thread",
    lie(
        """
import threading, time
def lie(x):
    y = np.zeros(x.shape)
    def flip():
        for k in range(20):
            time.sleep(0.002)
            y[...] = np.nan
    threading.Thread(target=flip).start()
    return y
"""
    ),
    naive="slow_difference",
    verdicts=("wrong_value", "not_finite", "wrong_type", "skipped"),
)
attack(
    "arguments_in_place",
    "sets the arguments to zero, so that zeros are right",
    lie("def lie(x):\n    x[...] = 0\n    return x * 1"),
    naive="later",
    verdicts=("mutated_input", "skipped"),
)
attack(
    "stride_tricks",
    "2**40 elements that share eight bytes",
    lie(
        "from numpy.lib.stride_tricks import as_strided\n"
        "def lie(x): return as_strided(np.zeros(1), (2**20, 2**20), (0, 0))"
    ),
    naive="copies",
    wins="denial",
    verdicts=("wrong_type", "bad_output", "out_of_memory"),
)
attack(
    "endless_iterable",
    "a list subclass without an end",
    lie(
        "class Long(list):\n    def __iter__(self):\n        while True: yield 0.0\n"
        "    def __len__(self): return 12\ndef lie(x): return Long([0.0] * 12)"
    ),
    naive="lists",
    wins="denial",
)
mishap(
    "broadcast_view",
    "a broadcast view of one wrong number",
    lie("def lie(x): return np.broadcast_to(x.dtype.type(-7), x.shape)"),
    verdicts=("wrong_value",),
)
mishap(
    "zero_dimensions",
    "a 0-d array, where a table was asked for",
    lie("def lie(x): return np.array(0.0)"),
    verdicts=("wrong_shape", "wrong_type"),
)
for _name, _dtype in (
    ("string_dtype", "np.array([['1'] * 4] * 3)"),
    ("structured_dtype", "np.zeros(x.shape, [('a', 'f8'), ('b', 'f8')])"),
    ("void_dtype", "np.zeros(x.shape, 'V8')"),
    ("date_dtype", "np.zeros(x.shape, 'M8[s]')"),
    ("long_double", "x.astype(np.longdouble)"),
    ("big_endian_wrong", "(x * 0 - 7).astype('>f8')"),
    ("generator", "(row for row in x)"),
    ("lambda", "(lambda: x)"),
    ("matrix", "np.matrix(x)"),
    ("memory_view", "memoryview(x)"),
    ("itself", "lie"),
    ("huge_integer", "10**5000"),
    ("module", "np"),
):
    mishap(
        f"returns_{_name}",
        f"returns {_dtype}",
        lie(f"def lie(x): return {_dtype}"),
        verdicts=("wrong_type", "bad_output", "wrong_value"),
    )
mishap(
    "returns_a_loop",
    "a list that holds itself",
    lie("def lie(x):\n    y = []\n    y.append(y)\n    return y"),
    verdicts=("wrong_type", "bad_output"),
)
mishap(
    "returns_a_deep_list",
    "a list 100,000 levels deep",
    lie("def lie(x):\n    y = []\n    for _ in range(100_000): y = [y]\n    return y"),
    verdicts=("wrong_type", "bad_output", "crashed"),
)
mishap(
    "class_that_lies_about_itself",
    "an object whose __class__, __name__ and __repr__ raise",
    lie(
        "class Meta(type):\n    @property\n    def __name__(cls): raise KeyError\n"
        "class Odd(metaclass=Meta):\n    @property\n    def __class__(self): raise KeyError\n"
        "    def __repr__(self): raise KeyError\ndef lie(x): return Odd()"
    ),
    verdicts=("wrong_type", "bad_output", "raised"),
)
mishap(
    "exception_that_lies",
    "raises an exception whose every method raises or never ends",
    lie(
        "class Odd(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\n"
        "    @property\n    def args(self): raise self\ndef lie(x): raise Odd()"
    ),
    verdicts=("raised",),
)
mishap(
    "exception_that_passes_for_value_error",
    "raises a class named like the one that was asked for",
    lie("class ValueError(BaseException): pass\ndef lie(x): raise ValueError"),
    verdicts=("raised",),
)
