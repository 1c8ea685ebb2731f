"""Broken files: uploads that can't be read, or were made to break whoever reads them."""

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

from tests.attacks.catalogue import RIGHT, WRONG, Group, files

attack = Group("broken", status="refused", wins="intake", before_jail=True)
mishap = Group("broken")
RIGHT_FILE = {"arithmetic/double.py": RIGHT}


def as_zip(entries, method=zipfile.ZIP_DEFLATED, change=bytes):
    """A zip of (name or ZipInfo, content)."""

    def build(path):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, content in entries:
                archive.writestr(name, content, method)
        path.with_name(path.name + ".zip").write_bytes(change(buffer.getvalue()))

    return build


def as_tar(members, change=bytes):
    """A tar.gz of (TarInfo, content)."""

    def build(path):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for member, content in members:
                if content:
                    member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        path.with_name(path.name + ".tar.gz").write_bytes(change(buffer.getvalue()))

    return build


def member(name, kind=tarfile.REGTYPE, link=""):
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, link
    return found


def linked(name, target):
    found = zipfile.ZipInfo(name)
    found.create_system = 3
    found.external_attr = 0o120777 << 16
    return found, target


PACKAGE = ("arithmetic/double.py", RIGHT)
TAR_PACKAGE = (member("arithmetic/double.py"), RIGHT.encode())
mishap(
    "empty_folder",
    "a folder with nothing in it",
    lambda path: path.mkdir(),
    status="refused",
    says="it is empty",
)
mishap(
    "only_a_note",
    "a folder without any code",
    files({"note.txt": "sorry"}),
    status="refused",
    says="neither a folder",
)
mishap(
    "empty_module",
    "a module of 0 bytes",
    files({"arithmetic/double.py": ""}),
    verdicts=("missing",),
)
mishap(
    "other_module",
    "the package without its module",
    files({"arithmetic/x.py": ""}),
    verdicts=("missing",),
)
mishap(
    "syntax_error",
    "a syntax error",
    files({"arithmetic/double.py": RIGHT + "def f(:\n"}),
    verdicts=("raised",),
)
mishap(
    "wrong_encoding",
    "Latin-1 without a declaration",
    files({"arithmetic/double.py": b"NAME = 'caf\xe9'\n" + RIGHT.encode()}),
    verdicts=("raised",),
)
mishap(
    "utf_16",
    "UTF-16 that was cut short",
    files({"arithmetic/double.py": RIGHT.encode("utf-16")[:-1]}),
    verdicts=("raised",),
)
mishap(
    "null_bytes",
    "zeros in the source",
    files({"arithmetic/double.py": b"\0\0" + RIGHT.encode()}),
    verdicts=("raised",),
)
mishap(
    "binary",
    "a picture named double.py",
    files({"arithmetic/double.py": b"\x89PNG\r\n" + bytes(range(256))}),
    verdicts=("raised",),
)
mishap(
    "million_brackets",
    "a source that takes the parser deep",
    files({"arithmetic/double.py": "x = " + "(" * 100_000 + ")" * 100_000 + WRONG}),
    verdicts=("raised", "crashed", "out_of_memory", "timeout"),
)
mishap(
    "exploding_source",
    "a short source with a huge constant",
    files({"arithmetic/double.py": "x = ((((1,) * 4000) * 4000) * 4000)\n" + WRONG}),
    verdicts=("raised", "crashed", "out_of_memory", "timeout", "skipped"),
)
attack(
    "two_gigabytes",
    "a module of 2 GB",
    lambda path: (
        files({"arithmetic/double.py": WRONG})(path),
        os.truncate(path / "arithmetic/double.py", 2**31),
    ),
    says="which is the most for one file",
)
attack(
    "symlink",
    "a link to another file",
    lambda path: (
        (path / "arithmetic").mkdir(parents=True),
        Path(path / "arithmetic/double.py").symlink_to("@SECRET@"),
    ),
    says="is a link",
)
attack(
    "linked_folder",
    "a package that is a link",
    lambda path: (
        path.mkdir(),
        Path(path / "arithmetic").symlink_to("@COURSE@/solutions/arithmetic"),
    ),
    says="is a link",
)
attack(
    "hard_link",
    "a hard link to another file",
    lambda path: (
        files(RIGHT_FILE)(path),
        os.link(path / "arithmetic/double.py", path / "arithmetic/more.py"),
    ),
    says="a hard link",
    wins="",
)
attack(
    "pipe",
    "a named pipe in the package",
    lambda path: (files(RIGHT_FILE)(path), os.mkfifo(path / "arithmetic/p.py")),
    says="is a named pipe",
)
attack(
    "device",
    "a device in the package",
    lambda path: (
        files(RIGHT_FILE)(path),
        os.mknod(path / "arithmetic/d.py", 0o020666, os.makedev(1, 5)),
    ),
    says="is a device",
    only_root=True,
    wins="",
)
attack(
    "zip_slip",
    "a zip with ..",
    as_zip([PACKAGE, ("../../slipped.py", "")]),
    says="a name outside its folder",
)
attack(
    "zip_absolute",
    "a zip with absolute names",
    as_zip([PACKAGE, ("/tmp/slipped.py", "")]),
    says="an absolute name",
    wins="",
)
attack(
    "zip_drive",
    "a zip with a drive's letter",
    as_zip([PACKAGE, ("C:\\slipped.py", "")]),
    says="an absolute name",
    wins="",
)
attack(
    "zip_link",
    "a zip with a link",
    as_zip([linked("arithmetic/double.py", "@SECRET@")]),
    says="is a link",
    wins="",
)
attack(
    "zip_bomb",
    "300 KB that become 300 MB",
    as_zip([PACKAGE, ("arithmetic/bomb.py", bytes(300_000_000))]),
    says="unpacks to",
)
attack(
    "zip_lies_about_size",
    "a zip whose table says that the bomb is small",
    as_zip(
        [("arithmetic/double.py", RIGHT.encode() + b"\n" * 30_000_000)],
        change=lambda data: data.replace(
            struct.pack("<L", 30_000_000 + len(RIGHT)), struct.pack("<L", 500)
        ),
    ),
    says="",
    wins="",
)
attack(
    "zip_nested",
    "an archive inside the archive",
    as_zip([("inner.zip", b"PK\3\4")]),
    says="is damaged or not what its name says",
    wins="",
)
attack(
    "zip_encrypted",
    "a zip with a password",
    as_zip(
        [PACKAGE],
        change=lambda d: d.replace(b"PK\1\2\x14\x03\x14\0\0\0", b"PK\1\2\x14\x03\x14\0\1\0"),
    ),
    says="encrypted",
    wins="",
)
attack(
    "zip_truncated",
    "half a zip",
    as_zip([PACKAGE], change=lambda d: d[: len(d) // 2]),
    says="damaged",
    wins="",
)
attack(
    "zip_of_noise",
    "random bytes named .zip",
    as_zip([PACKAGE], change=lambda d: bytes((7 * k * k) % 251 for k in range(5000))),
    says="damaged",
    wins="",
)
attack(
    "two_roots",
    "two packages in one archive",
    as_zip([("a/" + PACKAGE[0], RIGHT), ("b/" + PACKAGE[0], WRONG)]),
    says="two packages",
    wins="",
)
attack(
    "same_name_twice",
    "the same name twice, with other contents",
    as_zip([PACKAGE, (PACKAGE[0], WRONG)]),
    says="twice",
    wins="",
)
attack(
    "case_collision",
    "names that differ in capitals only",
    as_zip([PACKAGE, ("arithmetic/Double.py", WRONG)]),
    says="differ in capital letters",
    wins="",
)
attack(
    "hundred_thousand_entries",
    "100,000 names",
    as_zip([PACKAGE, *((f"arithmetic/{k}", b"") for k in range(100_000))], zipfile.ZIP_STORED),
    says="Zip64",
)
attack(
    "ten_thousand_entries",
    "10,000 names",
    as_zip([PACKAGE, *((f"arithmetic/{k}", b"") for k in range(10_000))], zipfile.ZIP_STORED),
    says="10,001 names",
)
attack(
    "zip64",
    "a zip that says it is larger than 4 GB",
    as_zip([PACKAGE], change=lambda d: d[:-22] + b"PK\6\7" + bytes(16) + d[-22:]),
    says="Zip64",
    wins="",
)
attack(
    "tar_slip",
    "a tar with ..",
    as_tar([TAR_PACKAGE, (member("../../slipped.py"), b"1")]),
    says="a name outside its folder",
)
attack(
    "tar_absolute",
    "a tar with absolute names",
    as_tar([TAR_PACKAGE, (member("/tmp/slipped.py"), b"1")]),
    says="an absolute name",
    wins="",
)
attack(
    "tar_symlink",
    "a tar with a link",
    as_tar([(member("arithmetic/double.py", tarfile.SYMTYPE, "/etc/passwd"), b"")]),
    says="is a link",
    wins="",
)
attack(
    "tar_hard_link",
    "a tar with a hard link",
    as_tar([TAR_PACKAGE, (member("arithmetic/m.py", tarfile.LNKTYPE, "/etc/passwd"), b"")]),
    says="is a link",
    wins="",
)
attack(
    "tar_device",
    "a tar with a device",
    as_tar([TAR_PACKAGE, (member("arithmetic/m.py", tarfile.CHRTYPE), b"")]),
    says="is a device",
    wins="",
)
attack(
    "tar_pipe",
    "a tar with a named pipe",
    as_tar([TAR_PACKAGE, (member("arithmetic/m.py", tarfile.FIFOTYPE), b"")]),
    says="is a named pipe",
    wins="",
)
attack(
    "tar_bomb",
    "a tar.gz that becomes 300 MB",
    as_tar([(member("arithmetic/bomb.py"), bytes(300_000_000)), TAR_PACKAGE]),
    says="unpacks to",
)
attack(
    "tar_truncated",
    "half a tar.gz",
    as_tar([TAR_PACKAGE], change=lambda d: d[: len(d) // 2]),
    says="damaged",
    wins="",
)
mishap(
    "macos_folder",
    "a zip with __MACOSX beside the package",
    as_zip([PACKAGE, ("__MACOSX/arithmetic/._double.py", b"\0\5\x16\7")]),
    score=4.0,
    verdicts=("passed",),
)
mishap(
    "foreign_names",
    "names in other alphabets",
    as_zip(
        [("Übung 三/" + PACKAGE[0], RIGHT), ("Übung 三/ответ.txt", "да"), ("Übung 三/café.py", "")]
    ),
    score=4.0,
    verdicts=("passed",),
)
mishap(
    "tar_with_folder",
    "a tar.gz with a folder around the package",
    as_tar(
        [
            (member("work", tarfile.DIRTYPE), b""),
            (member("work/arithmetic/double.py"), RIGHT.encode()),
        ]
    ),
    score=4.0,
    verdicts=("passed",),
)
