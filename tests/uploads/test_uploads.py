"""Broken and odd uploads: what is read, what is refused, and in which words."""

import contextlib
import io
import os
import random
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from autograder.uploads.archives import Refused, UploadLimits
from autograder.uploads.sources import find_sources, safe_id
from autograder.uploads.submission import Expected, Source, original_name, read_submission
from tests.desk import RIGHT

EXPECTED = Expected("arithmetic", frozenset({"double", "sums"}), ("double.py",))
SOURCE = RIGHT["arithmetic/double.py"]


def read(path, limits=None):
    return read_submission(Source("ada", (path,)), EXPECTED, limits)


def refusal(path, limits=None):
    with pytest.raises(Refused) as caught:
        read(path, limits)
    text = str(caught.value)
    assert "\n" not in text
    return text


def zipped(path, names, write=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
        if write:
            write(archive)
    return path


def tarred(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, dict):
                for key, value in content.items():
                    setattr(member, key, value)
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tgz", "a"])
@pytest.mark.parametrize("around", ["", "work/", "one/two/"])
def test_the_package_is_found_in_every_packing(desk, name, around):
    path = desk.hand_in(name, {f"{around}arithmetic/double.py": SOURCE})
    assert dict(read(path).files) == {"arithmetic/double.py": SOURCE.encode()}


def test_the_same_files_have_the_same_digest_however_they_are_packed(desk):
    digests = {
        read(desk.hand_in(name, {f"{around}arithmetic/double.py": SOURCE})).digest
        for name, around in [("a.zip", ""), ("b.tgz", "work/"), ("c", "")]
    }
    assert len(digests) == 1


JUNK = [
    "__MACOSX/._double.py",
    "arithmetic/.DS_Store",
    "arithmetic/._double.py",
    "arithmetic/__pycache__/double.cpython-311.pyc",
    "arithmetic/double.so",
    "evil.pth",
    "sitecustomize.py",
    "usercustomize.py",
    "conftest.py",
    "arithmetic/conftest.py",
    "pytest.ini",
    "test_public.py",
    "autograder/__init__.py",
    "autograder/checker/__init__.py",
    "notes.txt",
    ".git/hooks/post-checkout.py",
]


def test_junk_is_dropped_without_a_word(desk):
    junk = dict.fromkeys(JUNK, b"junk")
    for name in ("a.zip", "a.tgz", "a"):
        path = desk.hand_in(name, {**RIGHT, **junk})
        assert set(read(path).files) == {"arithmetic/double.py"}, name


def test_a_bom_windows_line_ends_and_other_alphabets_are_fine(desk):
    bom = b"\xef\xbb\xbf" + SOURCE.replace("\n", "\r\n").encode()
    desk.hand_in("ada", {"arithmetic/double.py": bom})
    desk.hand_in("bob.zip", {"задание №1/arithmetic/double.py": SOURCE})
    desk.hand_in("cy.zip", {"work\\arithmetic\\double.py": SOURCE})
    desk.grade()
    assert [desk.result(student)["score"] for student in ("ada", "bob", "cy")] == [4, 4, 4]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../arithmetic/double.py", "a name outside its folder"),
        ("work/../../x.py", "a name outside its folder"),
        ("..\\x.py", "a name outside its folder"),
        ("/etc/x.py", "an absolute name"),
        ("C:\\x.py", "an absolute name"),
    ],
)
def test_names_that_lead_outside_are_refused(tmp_path, name, words):
    assert words in refusal(zipped(tmp_path / "a.zip", {**RIGHT, name: "x = 1"}))
    assert words in refusal(
        tarred(tmp_path / "a.tgz", ("arithmetic/double.py", b""), (name, b"x = 1"))
    )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "is a link"),
        ({"type": tarfile.LNKTYPE, "linkname": "arithmetic/__init__.py"}, "is a link"),
        ({"type": tarfile.FIFOTYPE}, "is a named pipe"),
        ({"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5}, "is a device"),
    ],
)
def test_links_pipes_and_devices_in_a_tar_are_refused(tmp_path, kind, words):
    path = tarred(
        tmp_path / "a.tgz", ("arithmetic/__init__.py", b""), ("arithmetic/double.py", kind)
    )
    assert words in refusal(path)


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("arithmetic/double.py")
    link.external_attr = 0o120777 << 16
    path = zipped(
        tmp_path / "a.zip",
        {"arithmetic/__init__.py": ""},
        lambda archive: archive.writestr(link, "/etc/passwd"),
    )
    assert '"arithmetic/double.py" is a link' in refusal(path)


def test_links_and_pipes_in_a_folder_are_refused_and_never_waited_for(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1")
    for number, (make, words) in enumerate(
        [
            (lambda path: path.symlink_to(secret), "is a link"),
            (lambda path: path.hardlink_to(secret), "is a hard link"),
            (os.mkfifo, "is a named pipe"),
        ]
    ):
        package = tmp_path / str(number) / "arithmetic"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        make(package / "double.py")
        assert words in refusal(package.parent)


def test_a_linked_package_folder_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "double.py").write_text(SOURCE)
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "arithmetic").symlink_to(tmp_path / "real")
    assert '"arithmetic" is a link' in refusal(tmp_path / "ada")


def test_a_bomb_costs_nothing(tmp_path):
    bomb = tmp_path / "a.zip"
    zipped(bomb, {"arithmetic/double.py": b"\0" * 300_000_000})
    assert bomb.stat().st_size < 400_000
    started = time.process_time()
    assert "unpacks to 300 MB; at most 20 MB" in refusal(bomb)
    assert time.process_time() - started < 1
    path = tarred(tmp_path / "a.tgz", ("arithmetic/double.py", b"\0" * 100_000_000))
    started = time.process_time()
    assert "at most" in refusal(path)
    assert time.process_time() - started < 1


def test_a_bomb_that_lies_about_its_size_is_damaged(tmp_path):
    path = zipped(tmp_path / "a.zip", {"arithmetic/double.py": b"\0" * 5_000_000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<L", 5_000_000), struct.pack("<L", 100)))
    assert "damaged" in refusal(path)


def test_a_small_archive_with_a_high_ratio_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {**RIGHT, "data.bin": b"\0" * 10_000_000})
    assert "times its size" in refusal(path)


def test_too_many_names_are_refused_before_they_are_read(tmp_path):
    path = zipped(tmp_path / "a.zip", dict.fromkeys((f"data/{n}" for n in range(20_000)), ""))
    started = time.process_time()
    assert "names; at most 2,000" in refusal(path)
    assert time.process_time() - started < 1
    members = [(f"data/{number}", b"") for number in range(2_100)]
    assert "names; at most 2,000" in refusal(tarred(tmp_path / "a.tgz", *members))


def test_files_too_large_are_refused(tmp_path):
    big = os.urandom(2_100_000)
    assert "more than 2 MB" in refusal(zipped(tmp_path / "a.zip", {"arithmetic/double.py": big}))
    assert "more than 2 MB" in refusal(tarred(tmp_path / "a.tgz", ("arithmetic/double.py", big)))
    folder = tmp_path / "a" / "arithmetic"
    folder.mkdir(parents=True)
    with (folder / "double.py").open("wb") as file:
        file.truncate(2_000_000_000)
    assert "more than 2 MB" in refusal(tmp_path / "a")
    sparse = tmp_path / "b.zip"
    with sparse.open("wb") as file:
        file.truncate(2_000_000_000)
    assert "2,000 MB; at most 20 MB" in refusal(sparse)


def test_encrypted_files_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", RIGHT)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    data[at + 8] |= 1
    path.write_bytes(data)
    assert "is encrypted (pack it without a password)" in refusal(path)


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_truncated_and_false_archives_are_refused(desk, name):
    path = desk.hand_in(name, {**RIGHT, "arithmetic/noise.py": os.urandom(3000).hex()})
    data = path.read_bytes()
    for part in (data[: len(data) // 2], b"this is no archive", data[:10]):
        path.write_bytes(part)
        assert "pack it again" in refusal(path)
    path.write_bytes(b"")
    assert "empty (0 bytes)" in refusal(path)


def test_damage_inside_a_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", RIGHT)
    data = bytearray(path.read_bytes())
    data[60:64] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert "damaged" in refusal(path)


@pytest.mark.parametrize("seed", range(200))
def test_any_bytes_are_read_or_refused_but_nothing_else(tmp_path, seed):
    chance = random.Random(seed)
    names = {**RIGHT, "arithmetic/sums.py": "x = 1\n" * 50}
    if seed % 2:
        path = zipped(tmp_path / "a.zip", names)
    else:
        path = tarred(tmp_path / "a.tgz", *((name, text.encode()) for name, text in names.items()))
    data = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data)
    with contextlib.suppress(Refused):
        read(path)


def test_other_archives_are_refused_by_name(tmp_path):
    path = tmp_path / "a.rar"
    path.write_bytes(b"Rar!")
    assert "hand in a .zip or a .tar.gz" in refusal(path)


def test_several_nested_archives_are_told(tmp_path):
    inner = zipped(tmp_path / "inner.zip", RIGHT).read_bytes()
    path = zipped(tmp_path / "a.zip", {"inner.zip": inner, "other.zip": inner})
    assert 'holds more archives ("inner.zip"), unpack those first' in refusal(path)


def test_case_collisions_and_doubled_names_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", {**RIGHT, "arithmetic/Double.py": "x = 1"})
    assert "differ in capital letters only" in refusal(path)
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = zipped(
            tmp_path / "b.zip", RIGHT, lambda archive: archive.writestr("arithmetic/double.py", "")
        )
    assert "twice" in refusal(path)


def test_two_packages_are_refused(tmp_path):
    files = {"a/arithmetic/double.py": SOURCE, "b/arithmetic/double.py": SOURCE}
    text = refusal(zipped(tmp_path / "a.zip", files))
    assert text == 'it holds two packages, "a/arithmetic" and "b/arithmetic": hand in one'


def test_the_outermost_package_is_taken(tmp_path):
    files = {**RIGHT, "old/arithmetic/double.py": "x = 1"}
    assert read(zipped(tmp_path / "a.zip", files)).files == {
        "arithmetic/double.py": SOURCE.encode()
    }


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "neither a folder"),
        ({"readme.txt": ""}, 'neither a folder "arithmetic" nor double.py'),
        ({"Arithmetic/double.py": SOURCE}, 'named "Arithmetic"; it must be "arithmetic"'),
        ({"Double.py": SOURCE}, '"Double.py" must be named "double.py"'),
        ({"a/double.py": SOURCE, "b/double.py": SOURCE}, "twice"),
    ],
)
def test_what_is_missing_is_told(tmp_path, files, words):
    assert words in refusal(zipped(tmp_path / "a.zip", files))


def test_control_characters_in_names_are_shown_harmlessly(tmp_path):
    path = zipped(tmp_path / "a.zip", {**RIGHT, "../\x1b[31mred\u202e": ""})
    text = refusal(path)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mred" in text


def test_total_size_is_limited(desk):
    path = desk.hand_in("a", {f"arithmetic/m{n}.py": "#" * 1000 for n in range(5)})
    assert "more than 0 MB" in refusal(path, UploadLimits(total_bytes=4000))


# What learning platforms make of file names


def ids(folder):
    return {source.id: source for source in find_sources([folder], EXPECTED)}


def test_canvas_downloads(desk):
    desk.hand_in("lovelaceada_12345_678901_work.zip", RIGHT)
    desk.hand_in("hoppergrace_LATE_23456_789012_my_work-1.zip", RIGHT)
    (desk.uploads / "turingalan_34567_890123_double-2.py").write_text(SOURCE)
    found = ids(desk.uploads)
    assert set(found) == {"lovelaceada_12345", "hoppergrace_23456", "turingalan_34567"}
    assert found["hoppergrace_23456"].late
    assert original_name("turingalan_34567_890123_double-2.py") == "double.py"
    desk.grade()
    for student in found:
        assert desk.result(student)["score"] == 4


def test_moodle_downloads(desk):
    desk.hand_in("Ada Lovelace_123456_assignsubmission_file_", {"double.py": SOURCE})
    other = desk.uploads / "Žofie Nová_123457_assignsubmission_file_"
    other.mkdir()
    zipped(other / "work.zip", RIGHT)
    desk.hand_in("Alan Turing_123458_assignsubmission_file_work.zip", RIGHT)
    (desk.uploads / "Ada Lovelace_123456_assignsubmission_onlinetext_").mkdir()
    assert set(ids(desk.uploads)) == {
        "Ada Lovelace_123456",
        "Žofie Nová_123457",
        "Alan Turing_123458",
    }
    desk.grade()
    assert desk.result("Žofie Nová_123457")["score"] == 4
    assert desk.result("Ada Lovelace_123456")["score"] == 4


METADATA = """---
submission_111:
  :submitters:
  - :name: Ada Lovelace
    :sid: '1815'
    :email: ada@example.edu
  - :name: "Charles Babbage"
    :sid: ''
    :email: charles@example.edu
  :created_at: 2026-05-30 12:34:56.789000000 Z
  :score: 0.0
  :history: []
submission_222:
  :submitters:
  - :name: Grace Hopper
    :sid:
    :email: grace@example.edu
  :created_at: 2026-06-02 08:00:00.000000000 +02:00
"""


def test_gradescope_exports(desk):
    desk.hand_in("submission_111", RIGHT)
    desk.hand_in("submission_222", RIGHT)
    desk.hand_in("submission_333", RIGHT)
    (desk.uploads / "metadata.yml").write_text(METADATA)
    found = ids(desk.uploads)
    assert set(found) == {"1815+charles", "grace", "submission_333"}
    assert found["1815+charles"].members == ("1815", "charles")
    assert found["grace"].submitted_at.isoformat() == "2026-06-02T08:00:00+02:00"
    desk.grade()
    assert desk.result("1815+charles")["members"] == ["1815", "charles"]
    assert desk.result("grace")["submission"]["submitted_at"] == "2026-06-02T08:00:00+02:00"


def test_one_student_twice_stops_that_student_alone(desk):
    desk.hand_in("ada", RIGHT)
    desk.hand_in("Ada.zip", RIGHT)
    desk.hand_in("bob", RIGHT)
    done = desk.grade(code=3)
    assert 'both belong to the student "Ada", who was not graded' in done.stderr
    assert desk.result("bob")["score"] == 4
    assert not list(desk.results.glob("*/[Aa]da.json"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc", "_.._etc"),
        ("a/b", "a_b"),
        ("...", "unnamed"),
        ("é", "é"),
        ("x" * 200, "x" * 80),
    ],
)
def test_ids_are_safe_file_names(name, expected):
    assert safe_id(name) == expected
    assert Path(safe_id(name)).name == safe_id(name)
