"""Turns the desk's data into pages. Everything is escaped unless it says that it is HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from autograder.desk.guard import Session
from autograder.report.words import points, signed, visible

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
}


def page(
    template: str, session: Session | None, values: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """A page for somebody."""
    text = ENVIRONMENT.get_template(template).render(session=session, **values)
    return HTMLResponse(text, status)
