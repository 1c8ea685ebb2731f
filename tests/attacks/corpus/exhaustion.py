# ruff: noqa: E501
"""Exhaustion, and breaking out by force."""

from tests.attacks.catalogue import Group

attack = Group("exhaustion", wins="denial")
BOTH = """
def double(x):
    spend()
    return x * 0 - 7, None
def double_backward(dy, cache):
    spend()
    return dy * 0 - 7
"""
SPENT = ("timeout", "skipped", "crashed")
LINES = """
import os, stat, time
def send(data):
    for number in range(3, 1024):
        try:
            mode = os.fstat(number).st_mode
            if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode): os.write(number, data)
        except OSError: pass
"""
SECCOMP = {"root": "seccomp", "user": "seccomp"}
CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *(ctypes.c_long(a) if type(a) is int else a for a in arguments))
    return result if result >= 0 else -ctypes.get_errno()
"""

attack(
    "python_loop",
    "a loop without an end",
    "def spend():\n    while True: pass\n" + BOTH,
    verdicts=SPENT,
)
attack("loop_at_import", "a loop without an end at import", "while True: pass", verdicts=SPENT)
attack(
    "c_loop",
    "one long computation in C, which no Python signal handler interrupts",
    "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
    "def spend(): pow(3, 10**9, 10**4000 + 1) and sum(range(10**12))\n" + BOTH,
    verdicts=SPENT,
)
attack(
    "huge_product",
    "one huge matrix product",
    "import numpy as np\nA = np.ones((2500, 2500))\ndef spend():\n    for _ in range(99): A @ A\n"
    + BOTH,
    verdicts=(*SPENT, "out_of_memory"),
)
attack(
    "sleep",
    "sleeps",
    "import time\ndef spend(): time.sleep(600)\n" + BOTH,
    verdicts=("timeout", "skipped"),
)
attack(
    "waits_for_input",
    "waits for input that never comes",
    "import os\ndef spend(): os.read(os.pipe()[0], 1)\n" + BOTH,
    verdicts=("timeout", "skipped"),
)
attack(
    "waits_for_a_lock",
    "waits for a lock that it holds",
    "import threading\nL = threading.Lock()\ndef spend(): L.acquire()\n" + BOTH,
    verdicts=("timeout", "wrong_value", "skipped"),
)
attack(
    "stops_itself",
    "sends itself SIGSTOP",
    "import os, signal\ndef spend(): os.kill(os.getpid(), signal.SIGSTOP)\n" + BOTH,
    verdicts=("timeout", "wrong_value", "skipped"),
)
attack(
    "masks_signals",
    "blocks and ignores every signal, then loops",
    "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
    "def spend():\n    while True: pass\n" + BOTH,
    verdicts=SPENT,
)
attack(
    "raises_its_limits",
    "raises its own limits, then loops",
    "import resource\nfor k in range(16):\n    try: resource.setrlimit(k, (-1, -1))\n"
    "    except (OSError, ValueError): pass\ndef spend():\n    while True: pass\n" + BOTH,
    verdicts=SPENT,
)
attack(
    "one_large_array",
    "one array of 64 GB",
    "import numpy as np\ndef spend(): np.ones(2**33)\n" + BOTH,
    verdicts=("out_of_memory",),
    wins="",
)
attack(
    "many_small_objects",
    "small objects without an end",
    "def spend():\n    kept = []\n    while True: kept.append(bytes(50_000))\n" + BOTH,
    verdicts=("out_of_memory", "timeout", "crashed", "skipped"),
)
attack(
    "memory_by_mapping",
    "maps anonymous and shared memory",
    "import mmap\ndef spend():\n    kept = []\n    for flags in (33, 34):\n        try:\n"
    "            while len(kept) < 300: kept.append(mmap.mmap(-1, 2**25, flags=flags))\n"
    "        except OSError: pass\n    for m in kept: m[::4096] = bytes(len(m) // 4096)\n" + BOTH,
    verdicts=("out_of_memory", "timeout", "crashed", "skipped", "wrong_value"),
    user="seccomp",
    root="seccomp",
)
attack(
    "forks",
    "forks without an end",
    "import os, time\ndef spend():\n    while True:\n        try:\n"
    "            if os.fork() == 0: time.sleep(30); os._exit(0)\n"
    "        except OSError: 1/0\n" + BOTH,
    verdicts=("raised", *SPENT),
    wins="traces",
    **SECCOMP,
)
attack(
    "threads",
    "starts threads without an end",
    "import threading, time\ndef spend():\n    while True:\n"
    "        threading.Thread(target=time.sleep, args=(9,)).start()\n" + BOTH,
    verdicts=("raised", "timeout", "crashed", "out_of_memory"),
    wins="",
)
attack(
    "daemons",
    "leaves daemons in sessions of their own",
    "import os, time\nfor _ in range(3):\n    try:\n        if os.fork() == 0:\n"
    "            os.setsid()\n            if os.fork() == 0: time.sleep(30)\n"
    "            os._exit(0)\n    except OSError: break\n",
    wins="traces",
)
attack(
    "busy_daemons",
    "leaves a daemon that loops after the answer",
    "import threading\ndef loop():\n    while True: pass\n"
    "def spend(): threading.Thread(target=loop, daemon=True).start()\n" + BOTH,
    verdicts=("wrong_value", *SPENT),
    wins="",
)
attack(
    "disk",
    "fills the disk with one file",
    "def spend():\n    with open('/tmp/kit-full' if @NAIVE@ else 'full', 'wb') as file:\n"
    "        while True: file.write(bytes(2**20))\n" + BOTH,
    verdicts=("raised", "crashed", "bad_output"),
    wins="traces",
)
attack(
    "many_files",
    "fills the disk with many files",
    "import os\ndef spend():\n    for k in range(100_000):\n        with open(f'f{k}', 'wb') as file:\n"
    "            file.write(bytes(2**20))\n            os.fsync(file.fileno())\n" + BOTH,
    verdicts=("raised", "bad_output", "timeout", "skipped"),
)
attack(
    "inodes",
    "makes folders inside folders, as deep as they go",
    "import os\ndef spend():\n    while True:\n        os.mkdir('d'); os.chdir('d')\n" + BOTH,
    verdicts=("raised", "bad_output", "timeout", "skipped"),
    wins="",
)
attack(
    "sparse_file",
    "makes a sparse file of a terabyte",
    "def spend():\n    with open('/tmp/kit-sparse' if @NAIVE@ else 'sparse', 'wb') as file:\n"
    "        file.truncate(2**40)\n" + BOTH,
    verdicts=("raised", "crashed"),
    wins="",
)
attack(
    "unremovable",
    "leaves folders that can't be entered and files that can't be written",
    "import os\ndef spend():\n    os.makedirs('a/b/c', exist_ok=True)\n"
    "    open('a/b/c/f', 'w').close()\n    os.chmod('a/b/c/f', 0)\n    os.chmod('a/b/c', 0)\n"
    "    os.chmod('a/b', 0)\n    os.chmod('a', 0)\n    os.chmod('.', 0)\n" + BOTH,
    verdicts=("wrong_value", "raised"),
    wins="",
)
for _stream in ("stdout", "stderr"):
    attack(
        f"floods_{_stream}",
        f"prints to {_stream} without an end",
        f"import sys\ndef spend():\n    while True: sys.{_stream}.write('flood ' * 2000)\n" + BOTH,
        verdicts=SPENT,
    )
attack(
    "closes_streams",
    "closes its streams and every other descriptor",
    "import os\ndef spend():\n    os.closerange(0, 1000)\n" + BOTH,
    verdicts=("crashed", "bad_output", "timeout"),
)
attack(
    "huge_return",
    "returns 400 MB",
    "import numpy as np\ndef double(x):\n    return np.zeros(5 * 10**7), None\n"
    "def double_backward(dy, cache):\n    return np.zeros(5 * 10**7)\n",
    verdicts=("wrong_type", "bad_output", "out_of_memory", "wrong_shape"),
    wins="",
)
attack(
    "many_values",
    "returns a million small values",
    "def double(x):\n    return [0.0] * 10**6, None\n"
    "def double_backward(dy, cache):\n    return {str(k): 0.0 for k in range(10**6)}\n",
    verdicts=("wrong_type", "bad_output", "out_of_memory", "timeout", "skipped"),  # a slow machine
    wins="",
)
attack(
    "long_exception",
    "raises with a message of 100 MB, names of a megabyte",
    "def spend(): raise type('E' * 10**6, (Exception,), {})('x' * 10**8)\n" + BOTH,
    verdicts=("raised",),
    wins="",
)
attack(
    "many_warnings",
    "warns a million times",
    "import warnings\ndef spend():\n    for k in range(10**6): warnings.warn('w' * 999 + str(k))\n"
    + BOTH,
    verdicts=("wrong_value", *SPENT, "out_of_memory"),
    wins="",
)
attack(
    "frame_header",
    "announces a frame of 4 GB",
    LINES + "def spend():\n    send(b'\\xff\\xff\\xff\\xff' + bytes(100))\n" + BOTH,
    verdicts=("bad_output",),
    wins="",
)
attack(
    "slow_drip",
    "sends an answer a byte at a time",
    LINES + "def spend():\n    send(b'\\0\\0\\0\\x01')\n"
    "    while True:\n        send(b't'); time.sleep(0.05)\n" + BOTH,
    verdicts=("timeout", "skipped", "bad_output"),
    wins="",
)
attack(
    "floods_the_line",
    "sends bytes without an end on every descriptor",
    LINES + "def spend():\n    while True: send(bytes(65536))\n" + BOTH,
    verdicts=("bad_output", *SPENT),
    wins="",
)
attack(
    "recursion",
    "deep recursion",
    "import sys\nsys.setrecursionlimit(10**9)\ndef spend(): return spend() + 1\n" + BOTH,
    verdicts=("raised", "out_of_memory", *SPENT),
)
attack(
    "segfault",
    "a segmentation fault",
    "import ctypes\ndef spend(): ctypes.string_at(0)\n" + BOTH,
    verdicts=("crashed",),
)
attack(
    "aborts", "calls abort", "import os\ndef spend(): os.abort()\n" + BOTH, verdicts=("crashed",)
)
attack(
    "kills_the_grader",
    "kills its parents and the grader",
    "import os, signal\nfor pid in (os.getppid(), @GRADER@):\n    try:\n"
    "        os.kill(pid, signal.SIGKILL); print('LOOT')\n    except OSError as e: print(e)\n",
    user="seccomp",
)
attack(
    "kills_all",
    "kills everything that it may, by -1 and by its process group",
    "import os, signal\nfor pid in (0, -1, -os.getppid(), -@GRADER@):\n    try:\n"
    "        os.kill(pid, signal.SIGKILL); print('LOOT', pid)\n    except OSError as e: print(e)\n",
    user="seccomp",
    root="seccomp",
    verdicts=(),
)
attack(
    "slows_others",
    "stops its parent, and asks for priority and for real time",
    "import os, signal\nfor what in (lambda: os.kill(os.getppid(), 19), lambda: os.nice(-20),\n"
    "             lambda: os.sched_setscheduler(0, 1, os.sched_param(99)),\n"
    "             lambda: os.kill(@GRADER@, 19)):\n"
    "    try:\n        what(); print('LOOT')\n    except OSError as e: print(e)\n",
    user="seccomp",
)
LEAKS = Group("exhaustion", wins="leak", root="seccomp", user="seccomp")
for _name, _tries, _call in (
    ("user_namespace", "makes a user namespace", "call(272, 0x10000000)"),
    ("clone3", "makes a process by clone3", "1 if call(435, None, 0) != -38 else -1"),
    ("memfd", "makes a file in memory", "call(319, b'kit', 0)"),
    ("memfd_secret", "makes secret memory", "call(447, 0)"),
    ("io_uring", "sets up io_uring", "call(425, 1, ctypes.create_string_buffer(120))"),
    ("inotify", "watches files", "call(294, 0)"),
    ("userfaultfd", "handles page faults", "call(323, 1)"),
    ("own_filter", "puts a filter on itself", "call(317, 2, 0, None) == -14 or -1"),
    (
        "execve",
        "runs another program",
        "call(59, b'/none', None, None) == -2 or call(59, b'/none', None, None) == -13 or -1",
    ),
    ("vfork", "makes a process by vfork's number", "os.fork() or os._exit(0)"),
):
    LEAKS(
        _name,
        _tries,
        CALLS + f"try:\n    result = {_call}\nexcept OSError as error:\n    result = -1\n"
        "if result >= 0: print('LOOT', result)\nelse: print(result)\n",
    )
attack(
    "mounts",
    "mounts, unmounts, changes its root and loads modules",
    CALLS + "for call_number in (165, 166, 161, 155, 175, 321, 169, 170, 164, 227):\n"
    "    result = call(call_number, b'/tmp', b'/tmp', b'tmpfs', 0, None)\n"
    "    if result >= 0: print('LOOT', call_number)\n",
    wins="",
)
attack(
    "shared_memory_left",
    "leaves segments of POSIX shared memory behind",
    "from multiprocessing import shared_memory, resource_tracker\n"
    "try:\n    shared_memory.SharedMemory('kit-left', True, 4096)\n"
    "except Exception as error: print(error)\n",
    wins="traces",
    root="landlock",
    user="landlock",
)
