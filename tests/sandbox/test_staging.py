"""Folders for workers: what is copied, and that everything can be removed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.outside import staging
from autograder.sandbox.outside.remote import Sandbox
from autograder.sandbox.outside.staging import PREFIX, Stage, remove_tree, usage


def test_only_regular_files_are_copied(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "package").mkdir(parents=True)
    (source / "package" / "a.py").write_text("x = 1\n")
    (source / "package" / "__pycache__").mkdir()
    (source / ".hidden").write_text("x")
    os.mkfifo(source / "package" / "pipe.py")
    (source / "package" / "link.py").symlink_to("/etc/passwd")
    (source / "linked").symlink_to("/etc")
    stage = Stage()
    copy = stage.copy(source, None).folder
    found = sorted(str(path.relative_to(copy)) for path in copy.rglob("*"))
    assert found == ["package", "package/a.py"]
    stage.close()
    assert not any(root.exists() for root in stage.roots)


def test_files_are_written_below_the_folder_and_hidden_names_are_not(tmp_path: Path) -> None:
    stage = Stage()
    files = {
        "package/a.py": b"x = 1\n",
        "package/inner/deep/b.py": b"y = 2\n",
        "package/__pycache__/a.pyc": b"x",
        ".git/config": b"x",
        "package/inner/.env": b"x",
    }
    folder = stage.write(files, None).folder
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == {name: files[name] for name in ("package/a.py", "package/inner/deep/b.py")}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.py")} == {0o640}
    stage.close()


def test_any_tree_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    (tmp_path / "kept").write_text("x")
    (folder / "link").symlink_to(tmp_path / "kept")
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(3000):
            Path("d").mkdir()
            Path("f").write_text("x")
            os.chdir("d")
    finally:
        os.fchdir(here)
        os.close(here)
    remove_tree(folder)
    assert not folder.exists()
    assert (tmp_path / "kept").exists()


def test_usage_stops_counting(tmp_path: Path) -> None:
    for k in range(30):
        (tmp_path / f"f{k}").write_bytes(b"x" * 5000)
    size, entries = usage(tmp_path, 1000)
    assert entries == 30
    assert size >= 30 * 5000
    assert usage(tmp_path, 10)[1] == 11


def test_what_a_killed_grader_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    living = Stage()
    left = tmp_path / f"{PREFIX}left"
    (left / "inner").mkdir(parents=True)
    for folder in (left, *living.roots):
        os.utime(folder, (1, 1))
    fresh = Stage()
    assert not left.exists()
    assert all(root.exists() for root in living.roots)
    living.close()
    fresh.close()
    assert list(tmp_path.iterdir()) == []


def test_held_files_serve_one_worker_after_the_other(best: Sandbox, submission: Path) -> None:
    before = _lying(best)
    files = {
        str(path.relative_to(submission)): path.read_bytes() for path in submission.rglob("*.py")
    }
    with best.hold(files) as held:
        for _ in range(2):
            with best.open(held) as worker:
                assert worker.other(2) == 2
            assert held.folder.is_dir()
    assert _lying(best) == before


@pytest.mark.parametrize("mask", [0o077, 0o000])
def test_a_graders_umask_does_not_matter(best: Sandbox, submission: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with best.open(submission) as worker:
            assert worker.other(2) == 2
            assert worker._staged is not None
            modes = {p.stat().st_mode & 0o777 for p in worker._staged.folder.rglob("*.py")}
            assert modes == {0o640}
    finally:
        os.umask(before)


def test_nothing_of_a_submission_waits_for_the_next(best: Sandbox, submission: Path) -> None:
    """User ids come round after 256 workers: an old copy could then be read by somebody else."""
    before = _lying(best)
    with best.open(submission) as worker:
        worker.other(1)
        assert _lying(best) > before
    assert _lying(best) == before
    with best.open(submission) as worker:
        assert worker.other(2) == 2


def _lying(sandbox: Sandbox) -> set[Path]:
    return {path for root in sandbox._stage.roots for path in root.iterdir()}


@pytest.fixture
def two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage with a folder that counts as memory beside the temporary one."""
    for name in ("disk", "memory"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "disk"))
    monkeypatch.setattr(staging, "MEMORY", tmp_path / "memory")
    stage = Stage()
    yield stage
    stage.close()
    assert not list(tmp_path.glob("*/*"))


def test_small_submissions_lie_in_memory_and_what_workers_write_does_not(
    two_places: Stage, tmp_path: Path
) -> None:
    small = two_places.write({"package/a.py": b"x = 1\n"}, None).folder
    assert small.is_relative_to(tmp_path / "memory")
    assert (small / "package" / "a.py").read_bytes() == b"x = 1\n"
    assert two_places.scratch(None, None).is_relative_to(tmp_path / "disk")
    large = two_places.write({"package/a.py": bytes(staging.SMALL), "package/b.py": b"1"}, None)
    assert large.folder.is_relative_to(tmp_path / "disk")


def test_a_full_memory_is_not_used(
    two_places: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "ROOM", 2**62)
    folder = two_places.write({"package/a.py": b"x = 1\n"}, None).folder
    assert folder.is_relative_to(tmp_path / "disk")


def test_memory_that_fills_up_meanwhile_costs_no_submission(
    two_places: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = staging._write

    def full(path: Path, data: bytes, gid: int | None) -> None:
        if path.is_relative_to(tmp_path / "memory") and path.name == "b.py":
            raise OSError(28, "No space left on device")
        write(path, data, gid)

    monkeypatch.setattr(staging, "_write", full)
    folder = two_places.write({"package/a.py": b"1", "package/b.py": b"2"}, None).folder
    assert folder.is_relative_to(tmp_path / "disk")
    assert sorted(path.name for path in folder.rglob("*.py")) == ["a.py", "b.py"]
    assert [list(root.iterdir()) for root in (tmp_path / "memory").iterdir()] == [[]]


def test_who_sets_the_temporary_folder_chooses_the_only_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage = Stage()
    assert [root.parent for root in stage.roots] == [tmp_path]
    stage.close()
