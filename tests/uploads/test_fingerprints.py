"""An upload that was changed is never taken for the one that was read, however it was changed."""

import os
import shutil
import time
import zipfile

import pytest

from autograder.uploads import fingerprints
from autograder.uploads.fingerprints import NONE, fingerprint, packed, way_of_reading
from autograder.uploads.submission import Expected, Source, read_submission

EXPECTED = Expected("arithmetic", ("double",), ("double.py",))
CODE, OTHER = b"x = 1\n", b"x = 2\n"


@pytest.fixture(autouse=True)
def believed(monkeypatch):
    """The times of the file system of the tests' folder, whatever it is, and at once."""
    monkeypatch.setattr(fingerprints, "_keeps_ctime", lambda device: True)
    monkeypatch.setattr(fingerprints, "SETTLED", 0)


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "ada" / "arithmetic"
    package.mkdir(parents=True)
    (package / "double.py").write_bytes(CODE)
    (package / "helper.py").write_bytes(CODE)
    time.sleep(0.02)  # more than a tick of the kernel's clock
    return tmp_path / "ada"


def archive(path, code=CODE):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(zipfile.ZipInfo("arithmetic/double.py"), code)
    time.sleep(0.02)
    return path


def seen(path):
    return fingerprint(Source("ada", (path,)))


def write_in_place(file):
    file.write_bytes(OTHER)


def flip_a_byte(file):
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def write_and_set_the_time_back(file):
    before = file.stat()
    flip_a_byte(file)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert file.stat().st_mtime_ns == before.st_mtime_ns


def replace_by_rename(file):
    before = file.stat()
    new = file.with_name("new")
    new.write_bytes(OTHER)
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(file)


def exchange_with_a_sibling(file):
    """Both keep their size, times of writing and records; only the names change hands."""
    helper, third = file.with_name("helper.py"), file.with_name("third")
    file.rename(third)
    helper.rename(file)
    third.rename(helper)


def swap_for_a_link(file):
    target = file.parent.parent.parent / "elsewhere.py"
    shutil.copy2(file, target)
    file.unlink()
    file.symlink_to(target)


def swap_the_folder_for_a_link(file):
    package = file.parent
    package.rename(package.parent.parent / "moved")
    package.symlink_to(package.parent.parent / "moved")


def add_a_file(file):
    file.with_name("more.py").write_bytes(CODE)


def add_an_empty_folder(file):
    (file.parent / "sub").mkdir()


def link_it_twice(file):
    os.link(file, file.parent.parent.parent / "second.py")


def lock_it(file):
    file.chmod(0)


CHANGES = [
    *(write_in_place, write_and_set_the_time_back, replace_by_rename, exchange_with_a_sibling),
    *(swap_for_a_link, swap_the_folder_for_a_link, add_a_file, add_an_empty_folder),
    *(link_it_twice, lock_it),
]


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_a_member_shows(folder, change):
    before = seen(folder)
    assert before.settled
    assert before == seen(folder)
    change(folder / "arithmetic" / "double.py")
    assert seen(folder).names != before.names


@pytest.mark.parametrize("change", [write_and_set_the_time_back, replace_by_rename])
def test_each_change_of_an_archive_shows_in_both_fingerprints(tmp_path, change):
    path = archive(tmp_path / "ada.zip")
    source = Source("ada", (path,))
    before, bytes_before = seen(path), packed(source)
    assert bytes_before == read_submission(source, EXPECTED).packed
    change(path)
    assert seen(path).names != before.names
    assert packed(source) != bytes_before


def test_what_is_never_read_does_not_count(folder):
    before = seen(folder)
    (folder / "arithmetic" / "__pycache__").mkdir()
    now = seen(folder)
    (folder / "arithmetic" / "__pycache__" / "double.pyc").write_bytes(b"")
    assert seen(folder).names == now.names != before.names


def test_an_archive_is_the_same_wherever_it_lies(tmp_path):
    here = archive(tmp_path / "ada.zip")
    (tmp_path / "moodle").mkdir()
    there = shutil.copyfile(here, tmp_path / "moodle" / "ada.zip")
    assert packed(Source("ada", (here,))) == packed(Source("ada", (there,)))
    assert packed(Source("ada", (tmp_path / "moodle",))) == packed(Source("ada", (here,)))
    (tmp_path / "moodle" / "another.zip").write_bytes(b"")
    assert packed(Source("ada", (tmp_path / "moodle",))) == ""


def test_an_archive_under_another_ending_is_another(tmp_path):
    here = archive(tmp_path / "ada.zip")
    there = shutil.copyfile(here, tmp_path / "ada.tar")
    assert packed(Source("ada", (here,))) != packed(Source("ada", (there,)))


def test_a_file_written_a_moment_ago_is_not_believed(folder, monkeypatch):
    monkeypatch.setattr(fingerprints, "SETTLED", 60_000_000_000)
    assert not seen(folder).settled


def test_an_unknown_file_system_is_not_believed(folder, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(fingerprints, "TRUSTED", frozenset())
    assert seen(folder) == NONE


def test_a_machine_that_does_not_tell_its_file_systems_is_not_believed(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(fingerprints, "MOUNTS", tmp_path / "none")
    fingerprints._kinds.cache_clear()
    try:
        assert seen(tmp_path) == NONE
    finally:
        fingerprints._kinds.cache_clear()


def test_what_can_not_be_looked_at_has_no_fingerprint(tmp_path):
    assert seen(tmp_path / "gone") == NONE
    assert packed(Source("ada", (tmp_path / "gone.zip",))) == ""
    os.mkfifo(tmp_path / "pipe.zip")
    assert packed(Source("ada", (tmp_path / "pipe.zip",))) == ""


def test_another_course_reads_in_another_way():
    other = Expected("arithmetic", ("double",), ("triple.py",))
    assert way_of_reading(EXPECTED) == way_of_reading(EXPECTED) != way_of_reading(other)
