"""Written work is found in every kind of upload, for the right assignment and task."""

import subprocess
from pathlib import PurePosixPath

import pytest

from autograder.course.course import Course
from autograder.grading.grader import expected_of
from autograder.uploads.sources import as_committed, find_sources
from autograder.uploads.submission import read_submission
from autograder.uploads.upload import Refused
from autograder.uploads.written import Wanted, count_written, read_written
from tests.desk import RIGHT, TINY

WANTED = Wanted("01_double", {"02", "10"}, "why-two", {"other-task"})
COURSE = Course.load(TINY)
EXPECTED = expected_of(COURSE, COURSE.assignment("01"))


def names(source, wanted=WANTED):
    found = [one.name for one in read_written(source, wanted)]
    assert count_written(source, wanted) == len(found)
    return found


def source_of(desk, name):
    (source,) = as_committed(find_sources([desk.uploads / name], EXPECTED), None)
    return source


@pytest.mark.parametrize("upload", ["ada", "ada.zip", "ada.tar.gz"])
def test_it_is_found_beside_the_code_and_code_is_read_as_before(desk, upload):
    files = {"written.md": "one", "notes.md": "two", "arithmetic/unwritten.txt": "three"}
    desk.hand_in(upload, RIGHT | files | {"derivations/page 1.JPG": b"\xff\xd8\xff"})
    source = source_of(desk, upload)
    assert names(source) == ["derivations/page 1.JPG", "written.md"]
    image, text = read_written(source, WANTED)
    assert (image.kind, image.media_type) == ("image", "image/jpeg")
    assert (text.kind, text.text) == ("text", "one")
    assert set(read_submission(source, EXPECTED).files) == set(RIGHT)


def test_it_is_found_in_a_clone(desk):
    folder = desk.hand_in("ada", RIGHT | {"written.txt": "as committed"})
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    (folder / "written.txt").write_text("changed later")
    (text,) = read_written(source_of(desk, "ada"), WANTED)
    assert text.text == "as committed"


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("written.md", True),
        ("Written.MD", True),
        ("written_01.md", True),
        ("written_01_double.pdf", True),
        ("written/01_double.txt", True),
        ("written-why-two.png", True),
        ("written_02.md", False),
        ("written/02_sums.md", False),
        ("written_other-task.md", False),
        ("written_01_other-task.md", False),
        ("derivation (2).pdf", True),
        ("written-1.jpg", True),
    ],
)
def test_a_name_may_say_what_it_is_for(name, fits):
    assert WANTED.fits(PurePosixPath(name)) is fits


def test_links_are_not_followed_and_large_files_are_refused(desk, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("not theirs")
    folder = desk.hand_in("ada", RIGHT)
    (folder / "written.txt").symlink_to(secret)
    assert names(source_of(desk, "ada")) == []
    desk.hand_in("bob", RIGHT | {"written.txt": b"x" * 20_000_001})
    with pytest.raises(Refused, match="more than 20 MB"):
        read_written(source_of(desk, "bob"), WANTED)


def test_a_platform_s_loose_files_belong_together(desk):
    for name in ("kingada_41_90001_double.py", "kingada_41_90002_written.md"):
        text = RIGHT["arithmetic/double.py"] if name.endswith("py") else "loose"
        (desk.uploads / name).write_text(text)
    (desk.uploads / "ono_42_90003_work.zip").write_bytes(desk.hand_in("x.zip", RIGHT).read_bytes())
    (desk.uploads / "x.zip").unlink()
    (desk.uploads / "ono_42_90004_written.pdf").write_bytes(b"%PDF-1.4")
    sources = find_sources([desk.uploads], EXPECTED)
    assert [one.id for one in sources] == ["kingada_41", "ono_42"]
    assert [names(one) for one in sources] == [["written.md"], ["written.pdf"]]
    for source in sources:
        assert read_submission(source, EXPECTED).files["arithmetic/double.py"]
