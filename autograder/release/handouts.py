"""Handouts as one HTML file each: MathML, figures inside, nothing from the network."""

from __future__ import annotations

import base64
import html
import mimetypes
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from autograder.course.course import Assignment, Course, slug
from autograder.errors import KitError

AI_POLICY = "{{ ai_policy }}"

STYLE = """
:root { color-scheme: light dark; }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.55;
  font-family: Georgia, "Times New Roman", serif; font-size: 1.08rem; }
h1, h2, h3 { font-family: system-ui, sans-serif; line-height: 1.25; }
h2 { margin-top: 2.2rem; border-bottom: 1px solid #8886; padding-bottom: .2rem; }
code, pre { font-family: ui-monospace, Consolas, monospace; font-size: .92em; }
pre { background: #8881; padding: .7rem 1rem; overflow-x: auto; border-radius: .3rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top; }
img { max-width: 100%; height: auto; background: white; border-radius: .3rem; }
details { background: #8881; padding: .5rem 1rem; margin: .6rem 0; border-radius: .3rem; }
summary { cursor: pointer; font-weight: bold; }
blockquote { border-left: 4px solid #0072b2; margin-left: 0; padding-left: 1rem; }
div.math { margin: .9rem 0; overflow: auto hidden; }
math { font-family: "STIX Two Math", "Cambria Math", "Latin Modern Math", math; font-size: 1.08em; }
@media print { details > * { display: block; } pre { white-space: pre-wrap; } }
"""

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


def handout_text(course: Course, assignment: Assignment) -> str:
    """A handout's Markdown with the course's own policy in it."""
    markdown = assignment.handout.read_text(encoding="utf-8")
    return markdown.replace(AI_POLICY, course.ai_policy.strip())


def to_html(markdown: str, folder: Path) -> str:
    """A handout as a self-contained page. KitError for a formula or figure that can't be shown."""
    converter = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    converter.use(dollarmath_plugin, renderer=_mathml, double_inline=True)
    tokens = converter.parse(markdown)
    title = "Handout"
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            text = tokens[position + 1].content
            token.attrSet("id", slug(text))
            title = text if token.tag == "h1" else title
        for child in token.children or ():
            if child.type == "image":
                child.attrSet("src", _inlined(folder, str(child.attrGet("src"))))
    body = converter.renderer.render(tokens, converter.options, {})
    return PAGE.format(title=html.escape(title), style=STYLE, body=body)


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
