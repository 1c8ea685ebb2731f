"""Clones of git repositories: what is committed counts, and nothing of theirs is ever run."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.commands.cli import run
from autograder.errors import UsageProblem
from autograder.uploads.clones import find_commit
from autograder.uploads.sources import as_committed, find_sources
from autograder.uploads.submission import Expected, read_submission
from autograder.uploads.upload import Refused
from tests.desk import RIGHT, SLIP, TINY

EXPECTED = Expected("arithmetic", frozenset({"double", "rounding"}), ("double.py",))
WHEN = "2026-10-01T12:00:00+02:00"


def git(folder, *arguments, when=WHEN):
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "HOME": str(folder)}
    environment = {"PATH": os.environ["PATH"], **identity, **dates, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def put(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def clone(tmp_path):
    folder = tmp_path / "clones" / "dl26-double-ada"
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    put(folder, RIGHT)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "double")
    return folder


def read(clone, ref=None):
    (source,) = as_committed(find_sources([clone], EXPECTED), ref)
    return source, read_submission(source, EXPECTED)


def test_what_is_committed_counts_and_not_what_lies_there(clone):
    put(clone, SLIP)
    (clone / "arithmetic" / "extra.py").write_text("nothing = 0\n")
    source, work = read(clone)
    assert work.files == {"arithmetic/double.py": RIGHT["arithmetic/double.py"].encode()}
    assert source.submitted_at == datetime(2026, 10, 1, 10, tzinfo=UTC)
    assert work.notes == (f"Graded as it was committed in {source.commit[:10]}.",)


def test_branches_tags_and_the_newest_of_a_pattern(clone):
    git(clone, "tag", "submit/2026-10-01-aaaa")
    put(clone, SLIP)
    git(clone, "commit", "-qam", "worse")
    git(clone, "tag", "-a", "-m", "b", "submit/2026-10-03-bbbb", when="2026-10-03T08:00:00Z")
    put(clone, {"arithmetic/double.py": "later = 1\n"})
    git(clone, "checkout", "-qb", "draft")
    git(clone, "commit", "-qam", "draft")
    git(clone, "pack-refs", "--all")
    git(clone, "gc", "-q")
    slip, right = (files["arithmetic/double.py"].encode() for files in (SLIP, RIGHT))
    for ref, content in {
        None: b"later = 1\n",
        "main": slip,
        "submit/2026-10-01-aaaa": right,
        "submit/*": slip,
        git(clone, "rev-parse", "main"): slip,
    }.items():
        source, work = read(clone, ref)
        assert work.files["arithmetic/double.py"] == content, ref
        if ref == "submit/*":  # the tag's time, not the commit's
            assert source.submitted_at == datetime(2026, 10, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize("ref", ["none", "submit/*", "f" * 40])
def test_a_reference_that_is_not_there_is_refused_for_that_student_alone(clone, ref):
    source = as_committed(find_sources([clone], EXPECTED), ref)[0]
    assert source.refused
    with pytest.raises(Refused, match=r"nothing was handed in|clone it again"):
        read_submission(source, EXPECTED)


def test_a_repository_without_a_commit_says_so(tmp_path):
    git(tmp_path, "init", "-q")
    with pytest.raises(Refused, match="has no commit"):
        find_commit(tmp_path, None)


def test_a_reference_for_uploads_that_are_no_clones_is_a_mistake(tmp_path):
    put(tmp_path / "ada", RIGHT)
    with pytest.raises(UsageProblem, match="ada is none"):
        as_committed(find_sources([tmp_path], EXPECTED), "main")


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        (["dl26-double-ada", "dl26-double-bob-lee"], ["ada", "bob-lee"]),
        (["ada", "bob-lee"], ["ada", "bob-lee"]),
        (["ada-lee", "ada-may"], ["ada-lee", "ada-may"]),
        (["dl26-double-ada"], ["dl26-double-ada"]),
    ],
)
def test_usernames_are_what_classrooms_put_last(clone, tmp_path, folders, names):
    for folder in folders:
        target = tmp_path / "class" / folder
        target.parent.mkdir(exist_ok=True)
        subprocess.run(["cp", "-r", clone, target], check=True)
    found = as_committed(find_sources([tmp_path / "class"], EXPECTED), None)
    assert sorted(source.id for source in found) == sorted(names)


def test_no_program_that_a_repository_names_is_run(clone, tmp_path):
    """Every way in which git runs what a configuration, an attribute or a hook says."""
    ran = tmp_path / "ran"
    spy = f"sh -c 'touch {ran}; cat'"
    for key in ("core.fsmonitor", "core.pager", "core.sshCommand", "core.alternateRefsCommand"):
        git(clone, "config", key, spy)
    for key in ("filter.x.smudge", "filter.x.clean", "filter.x.process", "diff.x.textconv"):
        git(clone, "config", key, spy)
    git(clone, "config", "remote.origin.url", f"ext::{spy}")
    git(clone, "config", "remote.origin.promisor", "true")
    git(clone, "config", "remote.origin.uploadpack", spy)
    git(clone, "config", "extensions.partialClone", "origin")
    git(clone, "config", "alias.cat-file", f"!{spy}")
    (clone / ".git" / "info" / "attributes").write_text("*.py filter=x diff=x\n")
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        path = clone / ".git" / "hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {ran}\n")
        path.chmod(0o755)
    ran.unlink(missing_ok=True)
    assert read(clone)[1].files
    assert not ran.exists()
    blob = git(clone, "-c", "core.fsmonitor=", "rev-parse", "HEAD:arithmetic/double.py")
    (clone / ".git" / "objects" / blob[:2] / blob[2:]).unlink()  # a partial clone would fetch it
    ran.unlink(missing_ok=True)
    with pytest.raises(Refused, match="clone it again"):
        read(clone)
    assert not ran.exists()


def test_links_submodules_and_borrowed_objects(clone, tmp_path):
    (clone / "arithmetic" / "rounding.py").symlink_to("/etc/hostname")
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "a link")
    with pytest.raises(Refused, match="is a link"):
        read(clone)
    git(clone, "reset", "-q", "--hard", "HEAD~")
    (clone / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "objects" / "info" / "alternates").write_text(str(tmp_path))
    with pytest.raises(Refused, match="borrows objects"):
        read(clone)


def test_odd_git_folders_are_refused_and_never_waited_for(clone, tmp_path):
    head = clone / ".git" / "HEAD"
    head.unlink()
    os.mkfifo(head)
    with pytest.raises(Refused):
        read(clone)
    head.unlink()
    head.write_text("ref: ../../../etc/passwd\n")
    with pytest.raises(Refused):
        read(clone)
    objects = clone / ".git" / "objects"
    objects.rename(tmp_path / "elsewhere")
    objects.symlink_to(tmp_path / "elsewhere")
    head.write_text("ref: refs/heads/main\n")
    with pytest.raises(Refused, match="no objects"):
        read(clone)


def test_large_files_are_refused_before_they_are_read(clone):
    (clone / "arithmetic" / "double.py").write_bytes(b"#" * 3_000_000)
    git(clone, "commit", "-qam", "large")
    with pytest.raises(Refused, match="the most for one file"):
        read(clone)


def test_a_class_of_clones_from_nothing_to_grades(clone, tmp_path, monkeypatch, capsys):
    (tmp_path / "secret").write_text("a secret for these tests\n")
    monkeypatch.setenv("AUTOGRADER_SECRET_FILE", str(tmp_path / "secret"))
    other = clone.parent / "dl26-double-bob"
    subprocess.run(["cp", "-r", clone, other], check=True)
    put(other, SLIP)
    git(other, "commit", "-qam", "a slip")
    empty = clone.parent / "dl26-double-eve"
    empty.mkdir()
    git(empty, "init", "-q")
    results = tmp_path / "results"
    command = ["grade", "01", str(clone.parent), "--results", str(results), "--course", str(TINY)]
    assert run(command) == 0
    told = capsys.readouterr()
    assert "are clones, graded as they were committed" in told.err
    rows = (results / "grades.csv").read_text()
    assert {"ada", "bob"} <= {line.split(",")[0] for line in rows.splitlines()}
    assert "dl26" not in rows
    feedback = Path(results / "01_double" / "eve.md").read_text()
    assert "has no commit: nothing was handed in" in feedback
    assert "Graded as it was committed" in Path(results / "01_double" / "ada.md").read_text()
