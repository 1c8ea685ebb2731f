"""Stealing from the served reference: what it must not give, and more than it can bear."""

from tests.attacks.catalogue import Group

attack = Group("stealing", assignment="02", wins="served")

FIND = """
import gc, os, stat, struct, threading
LINES = []
for number in range(3, 1024):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode): LINES.append(number)
    except OSError: pass
def ask(name, *arguments, returns=("value",)):
    for thing in gc.get_objects():
        if type(thing).__name__ == "Peer":
            return thing.call(name, returns, *arguments)
    raise RuntimeError("nobody to ask")
"""
FUNCTIONS = """
def total(x):
    return get("total", x)
def average(x):
    return get("average", x)
def double_total(x):
    return get("double_total", x)
"""
attack(
    "asks_for_itself",
    "asks the server for the function under test",
    FIND + "def get(name, x):\n    return ask(name, x)\n" + FUNCTIONS,
)
attack(
    "asks_from_a_thread",
    "asks from a thread that was started at import",
    FIND
    + """
import queue
todo, done = queue.Queue(), queue.Queue()
def serve():
    while True:
        name, x = todo.get()
        try:
            done.put(ask(name, x))
        except Exception as error:
            done.put(error)
threading.Thread(target=serve, daemon=True).start()
def get(name, x):
    todo.put((name, x))
    answer = done.get(timeout=1)
    if isinstance(answer, Exception):
        raise answer
    return answer
"""
    + FUNCTIONS,
)
attack(
    "asks_by_raw_frames",
    "writes requests of its own onto the line to the server",
    FIND
    + """
import sys
def get(name, x):
    wire = sys.modules["kit_sandbox.wire.frames"]
    encode = sys.modules["kit_sandbox.wire.encoder"].encode
    decode = sys.modules["kit_sandbox.wire.decoder"].decode
    wire.write_frame(LINES[-1], encode([(0, name, 1, ()), x]))
    answer = decode(wire.read_frame(LINES[-1]))
    if answer[0][0] != "value":
        raise RuntimeError(answer[0])
    return answer[1]
"""
    + FUNCTIONS,
)
attack(
    "asks_for_other_things",
    "asks for methods, modules and dotted names",
    FIND
    + """
def get(name, x):
    for name in (f"arithmetic.sums.{name}", f"sums.{name}", f"__globals__.{name}", "exec", "eval",
                 "_find", f"{name}\\0", f" {name}", name.upper(), f"{name}.__call__"):
        try:
            return ask(name, x)
        except Exception:
            continue
    return x[0] * 0
"""
    + FUNCTIONS,
    wins="",
)
attack(
    "kept_stubs",
    "keeps every alias of its functions, in case one of them is replaced",
    FIND
    + """
def get(name, x):
    for alias in KEPT[name]:
        if not BUSY:
            BUSY.append(1)
            try:
                return alias(x)
            finally:
                BUSY.clear()
    return x[0] * 0
BUSY = []
"""
    + FUNCTIONS
    + """
KEPT = {name: [globals()[name], (lambda f: lambda x: f(x))(globals()[name])]
        for name in ("total", "average", "double_total")}
""",
)
attack(
    "asks_a_million_times",
    "asks a million times for what is served",
    FIND
    + """
def get(name, x):
    for _ in range(1_000_000):
        ask("double", x, returns=("value", "opaque"))
"""
    + FUNCTIONS,
    wins="",
)
attack(
    "fills_the_server",
    "keeps as many and as large caches in the server as it can",
    FIND
    + """
import numpy as np
def get(name, x):
    big = np.zeros((2000, 2000))
    kept = []
    for _ in range(30):
        try:
            kept.append(ask("double", big, returns=("value", "opaque")))
        except MemoryError:
            kept.clear()
    return x[0] * 0
"""
    + FUNCTIONS,
    wins="",
)
attack(
    "breaks_the_server",
    "sends the server what is no request, and lets it wait inside one",
    FIND
    + """
def get(name, x):
    for body in (b"", b"x" * 50, b"t" + b"\\xff" * 12, b"a\\x0b\\x20" + b"\\xff" * 256):
        LINES and os.write(LINES[-1], struct.pack("<I", len(body)) + body)
    LINES and os.write(LINES[-1], b"\\xff\\xff\\xff\\xff")
    return x[0] * 0
"""
    + FUNCTIONS,
    wins="",
)
attack(
    "strange_arguments",
    "calls what is served with arguments that it never expects",
    FIND
    + """
import numpy as np
def get(name, x):
    deep = []
    for _ in range(15):
        deep = [deep]
    for value in (None, deep, {"a": x}, "text", 2**63, np.zeros((0, 2**40)), [x] * 5000):
        try:
            ask("double", value, returns=("value", "opaque"))
        except Exception:
            pass
    return x[0] * 0
"""
    + FUNCTIONS,
    wins="",
)
