"""The tiny course with all that a release needs: public checks for its second assignment too."""

PUBLIC = '''"""Public checks of sums."""

from autograder.checker import check


@check(of="total")
def test_total_of_rows(impl, draw):
    """The sum of each row"""
    return {"y": impl.total(draw.normal(2, 3))}
'''


def ready(course):
    """The course's folder, made ready."""
    path = course / "assignments" / "02_sums" / "test_public.py"
    path.write_text(PUBLIC, encoding="utf-8")
    slips = course / "autograder" / "hidden" / "02_sums" / "slips.py"
    slips.write_text('"""None known."""\n', encoding="utf-8")
    return course
