"""Handouts beside the pages, so that a section's number leads to its text."""

from __future__ import annotations

from collections.abc import Callable

from autograder.course.course import Assignment, Course
from autograder.report.pages.files import Folder, digest


class Handouts:
    """The handouts of a course as files of the folder, each made when first linked to."""

    def __init__(self, course: Course, folder: Folder) -> None:
        self.course, self.folder = course, folder

    def links(self, assignment: Assignment) -> Callable[[str], str] | None:
        """A section's number to its link, "" where there is none; None without a handout."""
        anchors = {number: anchor for anchor, number in assignment.sections.items()}
        name = f"handouts/{assignment.name}.html"
        if not anchors or not self._write(assignment, name):
            return None

        def link(number: str) -> str:
            return f"{name}#{anchors[number]}" if number in anchors else ""

        return link

    def _write(self, assignment: Assignment, name: str) -> bool:
        """Whether the handout is there. What shows formulas may not be installed."""
        try:
            from autograder.release.handouts import handout_text, to_html
        except ModuleNotFoundError:
            return False
        markdown = handout_text(self.course, assignment)
        figures = sorted(
            f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}"
            for path in assignment.folder.rglob("*")
            if path.suffix in (".svg", ".png", ".jpg")
        )
        key = digest(markdown, *figures)
        if not self.folder.current(name, key):
            self.folder.write(name, to_html(markdown, assignment.folder), key)
        return True
