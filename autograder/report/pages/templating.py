"""jinja2, set up so that whatever a student wrote stays text."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.errors import KitError
from autograder.report.pages.drawing import numbers, svg
from autograder.report.pages.lines import cost_lines, function_lines, passed_lines, who
from autograder.report.pages.listing import python
from autograder.report.pages.rows import FEW
from autograder.report.words import first_finding, points, visible

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
EXTRA = "pip install 'transformer-course-kit[report]'"


def render(template: str, **values: Any) -> str:
    """A page, or a part of one. KitError where jinja2 is missing."""
    return environment().get_template(template).render(**values)


@functools.cache
def environment() -> Environment:
    """Autoescape is on, and control characters of strings are shown as escapes."""
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise KitError(f"The pages are made with jinja2, which is not here: {EXTRA}") from error
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    style, script = _text("style.css"), _text("page.js")
    found.filters |= {
        "points": points,
        "percent": _percent,
        "python": python,
        "svg": svg,
        "numbers": numbers,
        "passed_lines": passed_lines,
        "cost_lines": cost_lines,
        "function_lines": function_lines,
        "who": who,
        "finding": lambda row: first_finding(row.result) if row.result else "",
    }
    found.globals |= {
        "style": _trusted(style),
        "script": _trusted(script),
        "style_hash": _hash(style),
        "script_hash": _hash(script),
        "FEW": FEW,
    }
    return found


def safe(html: str) -> Any:
    """HTML that a template of ours made, as a part of another."""
    return _trusted(html)


def engine_digest() -> str:
    """Changes with whatever words and templates pages are made of."""
    found = hashlib.sha256()
    for path in sorted((*HERE.parent.rglob("*.py"), *TEMPLATES.iterdir())):
        found.update(path.read_bytes())
    return found.hexdigest()


def _trusted(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)


def _harmless(value: Any) -> Any:
    """Text whose control characters, such as those that turn its direction, do nothing."""
    if type(value) is not str or value.isprintable():
        return value
    return visible(value)


def _percent(part: float) -> str:
    return f"{100 * part:.0f} %"


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a content security policy names an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
