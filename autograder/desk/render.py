"""Turns the desk's data into pages. Everything is escaped unless it says that it is HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from autograder.desk.guard import Session
from autograder.report.words import points, signed, visible


def course_text(text: str, inline: bool = False) -> Markup | str:
    """The course's own Markdown with its formulas; as it is written where no converter is there."""
    try:
        from autograder.release.handouts import to_fragment
    except ModuleNotFoundError:
        return text.strip()
    return Markup(to_fragment(text, inline=inline))  # HTML in it stays text


ENVIRONMENT = Environment(
    loader=PackageLoader("autograder.desk"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters |= {
    "visible": lambda text: visible(str(text)),
    "points": points,
    "signed": signed,
    "short": lambda value: f"{value:g}",
    "math": course_text,
}


def page(
    template: str, session: Session | None, values: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """A page for somebody."""
    text = ENVIRONMENT.get_template(template).render(session=session, **values)
    return HTMLResponse(text, status)
