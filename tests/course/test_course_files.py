"""Slips in the files that an instructor writes are told with file, key and what was expected."""

import sys
import zoneinfo
from datetime import datetime, timedelta

import pytest

from autograder.course.course import Course, section_numbers
from autograder.errors import UsageProblem
from autograder.grading.judges import assignment_digest, hidden_checks, served_functions

RELEASE = "[release]\n02_sums = 2026-06-08T09:00:00\n"


@pytest.fixture
def course(desk):
    return desk.course


def load(folder, **changes):
    """Change one file of the course by replacing text, and load it."""
    for name, (old, new) in changes.items():
        path = {
            "course": folder / "assignments/course.toml",
            "first": folder / "assignments/01_double/assignment.toml",
            "second": folder / "assignments/02_sums/assignment.toml",
        }[name]
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return Course.find(folder)


def told(folder, **changes):
    with pytest.raises(UsageProblem) as caught:
        load(folder, **changes)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_course_is_read_whole(course):
    loaded = load(course)
    assert [one.name for one in loaded.assignments] == ["01_double", "02_sums"]
    first, second = loaded.assignments
    assert (first.max_points, second.max_points) == (4, 8)
    assert first.functions[0].hints[0] == "What is twice x?"
    assert loaded.deadlines["01_double"].isoformat() == "2026-06-01T12:00:00+01:00"
    assert loaded.contract.functions["double"].returns == ("value", "opaque")
    assert first.sections == {"what-doubling-is": "1.1", "what-its-gradient-is": "1.2"}


@pytest.mark.parametrize("name", ["01", "1", "01_double", "double"])
def test_an_assignment_has_several_names(course, name):
    assert load(course).assignment(name).name == "01_double"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ("points = 1", 'points = "one"'),
            "\"function[1].points\" should be a number, found 'one'",
        ),
        (("points = 1", "points = 0"), "points should be above 0, found 0"),
        (("points = 1", "pionts = 1"), 'unknown key "function[1].pionts" (did you mean "points"?)'),
        (("points = 1\n", ""), 'the key "function[1].points" is missing'),
        (("title", "titel"), 'unknown key "titel" (did you mean "title"?)'),
        (("hours = 1", "hours = true"), '"hours" should be a number, found True'),
        (('files = ["double.py"]', 'files = "double.py"'), '"files" should be a list'),
        (('files = ["double.py"]', 'files = ["../x.py"]'), '"files" should name Python files'),
        (('name = "double_backward"', 'name = "double"'), 'function "double" is there twice'),
        (('"What is twice x?", ', ""), "three hints or none, found 2"),
        (("hours = 1", "hours ="), "is not valid TOML"),
        (
            ('gradient-is"', 'gradient-is"\n[limits]\ncpu_per_chek = 1'),
            '(did you mean "cpu_per_check"?)',
        ),
        (("points = 3", 'points = 3\nbelow = ["double"]'), "would hand out what is asked"),
        (("points = 3", 'points = 3\nbelow = ["halv"]'), '(did you mean "halve"?)'),
    ],
)
def test_slips_in_a_manifest(course, change, words):
    text = told(course, first=change)
    assert words in text
    assert "01_double/assignment.toml" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            ('disclosure = "cause"', 'disclosure = "all"'),
            '"full" or "cause" or "none", found \'all\'',
        ),
        (('counts = "latest"', 'count = "latest"'), '(did you mean "counts"?)'),
        (('id = "tiny"', 'id = "Tiny Course"'), '"id" should be lower-case letters'),
        (("Europe/London", "Europe/Londn"), "no known time zone"),
        (("2026-06-01T12:00:00", '"tomorrow"'), '"deadlines.01_double" should be a date and time'),
        (("01_double =", "01_duble ="), 'names no assignment (did you mean "01_double"?)'),
        (
            ("[deadlines]", RELEASE.replace("02", "03") + "[deadlines]"),
            '"release.03_sums" names no',
        ),
    ],
)
def test_slips_in_the_course_file(course, change, words):
    text = told(course, course=change)
    assert words in text
    assert "assignments/course.toml" in text


@pytest.fixture
def slim_system(monkeypatch):
    """No files of time zones, and no tzdata package."""
    with monkeypatch.context() as patch:
        for name in [one for one in sys.modules if one.partition(".")[0] == "tzdata"]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, "tzdata", None)
        zoneinfo.reset_tzpath(to=())
        zoneinfo.ZoneInfo.clear_cache()
        yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


def test_utc_needs_no_time_zone_data(course, slim_system):
    loaded = load(course, course=('"Europe/London"', '"UTC"'))
    assert loaded.deadlines["01_double"].isoformat() == "2026-06-01T12:00:00+00:00"
    assert str(loaded.zone) == "UTC"


def test_another_zone_says_what_a_slim_system_lacks(course, slim_system):
    assert "pip install tzdata" in told(course, course=("Europe/London", "Europe/Paris"))


def test_an_assignment_without_a_release_date_is_released(course):
    loaded = load(course, course=("[deadlines]", RELEASE + "[deadlines]"))
    opening = datetime(2026, 6, 8, 9, tzinfo=loaded.zone)
    assert [one.number for one in loaded.released(opening - timedelta(seconds=1))] == ["01"]
    assert [one.number for one in loaded.released(opening)] == ["01", "02"]


def test_an_assignment_builds_on_earlier_ones_only(course):
    assert "no earlier assignment" in told(course, second=('"01_double"', '"02_sums"'))


def test_every_function_with_points_needs_a_hidden_check(course):
    loaded = load(
        course,
        second=(
            '[[function]]\nname = "total"',
            '[[function]]\nname = "extra"\npoints = 1\n\n[[function]]\nname = "total"',
        ),
    )
    with pytest.raises(UsageProblem, match='"extra" is not in the reference package'):
        hidden_checks(loaded, loaded.assignment("02"))
    sums = course / "solutions/arithmetic/sums.py"
    sums.write_text(sums.read_text() + "\n\ndef extra(x):\n    return x\n")
    loaded = load(course)
    with pytest.raises(UsageProblem, match="extra has 1 points but no hidden check"):
        hidden_checks(loaded, loaded.assignment("02"))


def test_a_check_of_a_foreign_function_is_told(course, desk):
    path = course / "autograder/hidden/02_sums/checks.py"
    path.write_text(path.read_text().replace('of="total"', 'of="double"'))
    desk.hand_in("ada", {"arithmetic/sums.py": "x = 1\n"})
    done = desk.grade("02", code=2)
    assert "total has 2 points but no hidden check" in done.stderr
    path.write_text(path.read_text().replace("impl.total", "impl.") + "syntax error")
    done = desk.grade("02", code=2)
    assert "02_sums/checks.py can't be loaded: SyntaxError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_chance_never_serves_what_is_asked(course):
    loaded = load(course)
    first, second = loaded.assignments
    assert served_functions(loaded, first, first.functions[0]) == set()
    by_name = {one.name: served_functions(loaded, second, one) for one in second.functions}
    earlier = {"double", "double_backward", "halve"}
    assert by_name == {
        "total": earlier,
        "average": earlier | {"total"},
        "double_total": earlier | {"total"},
    }


def test_the_digest_changes_with_everything_a_score_depends_on(course):
    def digest():
        loaded = load(course)
        return assignment_digest(loaded, loaded.assignment("02"))

    digests = [digest()]
    for name in (
        "autograder/hidden/02_sums/checks.py",
        "solutions/arithmetic/double.py",
        "assignments/02_sums/assignment.toml",
    ):
        path = course / name
        path.write_text(path.read_text() + "# changed\n")
        digests.append(digest())
    load(course, first=('given = ["halve"]', "given = []"))  # what 02 may be served
    digests.append(digest())
    assert len(set(digests)) == 5
    handout = course / "assignments/02_sums/handout.md"
    handout.write_text("# Another text\n")
    assert digest() == digests[-1]


def test_section_numbers_go_by_the_heading_without_its_number():
    text = "# 3 Title\n## 3.1 Why it works\n### 3.1.2 `dx`, the gradient\n## No number\n"
    assert section_numbers(text) == {"why-it-works": "3.1", "dx-the-gradient": "3.1.2"}
