"""Handouts as one HTML file each: MathML, figures inside, nothing from the network."""

from __future__ import annotations

import base64
import html
import mimetypes
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.course.course import Assignment, Course, slug
from autograder.errors import KitError
from autograder.release.scrolling import let_wide_things_scroll
from autograder.student.deadline import Deadline

AI_POLICY = "{{ ai_policy }}"

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


@dataclass(frozen=True)
class Rendered:
    """A Markdown page as HTML: its title, all below the title, and its sections."""

    title: str
    heading: str
    body: str
    sections: tuple[tuple[str, str], ...]
    """Anchor and heading, as HTML, of each section."""


def handout_text(course: Course, assignment: Assignment) -> str:
    """A handout's Markdown with the course's own policy, and the deadline under its title."""
    markdown = undated_text(course, assignment)
    if deadline := deadline_of(course, assignment):
        heading = re.compile(r"^# .*\n", re.MULTILINE)
        due = f"\n**Due {deadline.words}.**\n"
        markdown = heading.sub(lambda found: found[0] + due, markdown, count=1)
    return markdown


def undated_text(course: Course, assignment: Assignment) -> str:
    """A handout's Markdown with the course's own policy in it."""
    markdown = assignment.handout.read_text(encoding="utf-8")
    return markdown.replace(AI_POLICY, course.ai_policy.strip())


def deadline_of(course: Course, assignment: Assignment) -> Deadline | None:
    """When an assignment is due, by the course's clocks."""
    moment = course.deadlines.get(assignment.name)
    return Deadline(moment.astimezone(course.zone), str(course.zone)) if moment else None


def to_html(markdown: str, folder: Path) -> str:
    """A handout as a self-contained page. KitError for a formula or figure that can't be shown."""
    page = render(markdown, folder)
    heading = f"<h1>{page.heading}</h1>\n" if page.heading else ""
    return PAGE.format(
        title=html.escape(page.title), style=style(), body=f"<main>\n{heading}{page.body}</main>"
    )


def style() -> str:
    """The style sheet of every handout."""
    return (Path(__file__).parent / "pages" / "handout.css").read_text(encoding="utf-8")


def render(markdown: str, folder: Path) -> Rendered:
    """Markdown as HTML that holds its figures. KitError for what can't be shown."""
    converter = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    converter.use(dollarmath_plugin, renderer=_mathml, double_inline=True)
    let_wide_things_scroll(converter)
    tokens = converter.parse(markdown)
    show = partial(converter.renderer.render, options=converter.options, env={})
    title, heading = "Handout", ""
    sections = []
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            content = tokens[position + 1]
            token.attrSet("id", slug(content.content))
            if token.tag == "h2":
                sections.append((slug(content.content), show([content])))
        if token.type == "th_open" and not tokens[position + 1].content:
            token.tag = tokens[position + 2].tag = "td"  # an empty header is the header of nothing
        for child in token.children or ():
            if child.type == "image":
                child.attrSet("src", _inlined(folder, str(child.attrGet("src"))))
    if tokens and tokens[0].tag == "h1":
        title, heading = tokens[1].content, show([tokens[1]])
        tokens = tokens[3:]
    return Rendered(title, heading, show(tokens), tuple(sections))


def to_fragment(markdown: str, *, inline: bool = False) -> str:
    """A short text of the course's as HTML, with formulas; HTML in it stays text."""
    converter = MarkdownIt("commonmark", {"html": False}).enable("table")
    converter.use(dollarmath_plugin, renderer=_mathml, double_inline=True)
    return str(converter.renderInline(markdown) if inline else converter.render(markdown))


def _mathml(content: str, options: dict[str, Any]) -> str:
    display = "block" if options.get("display_mode") else "inline"
    try:
        return str(convert(content.strip(), display=display))
    except Exception as error:  # the converter has no exception class of its own
        raise KitError(f"This formula can't be shown as MathML: {content.strip()}") from error


def _inlined(folder: Path, source: str) -> str:
    """An image as a data URI."""
    path = folder / source
    if not path.is_file():
        raise KitError(f"{folder.name}/handout.md shows {source}, which is not there.")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
