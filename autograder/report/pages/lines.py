"""Lines that stand on the pages of a whole class: each is made once, however often it is shown.

A term of a thousand students has some hundred thousand of them, and few that differ. Every word is
escaped here, as a template would do it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from html import escape
from typing import Any

from autograder.report.pages.rows import Row
from autograder.report.pages.student import Cost, Function
from autograder.report.words import points, visible

KEPT = 1 << 15
SEEN = 0.005  # points that a number of two decimals shows


def passed_lines(checks: Iterable[tuple[str, bool, str]]) -> Any:
    """The checks that passed, as items of a list."""
    return _trusted(_passed(*one) for one in checks)


def cost_lines(costs: Iterable[Cost]) -> Any:
    """The checks that a finding costs, as items of a list."""
    return _trusted(_cost(one) for one in costs)


def function_lines(functions: Iterable[Function]) -> Any:
    """The functions with their points, as rows of a table."""
    return _trusted(_function(one) for one in functions)


def who(row: Row) -> Any:
    """The people behind a row, each a link to their page where they have one."""
    links = row.links or ("",) * len(row.people)
    names = (one.name or one.student for one in row.people)
    return _trusted([", ".join(_link(*one) for one in zip(names, links, strict=True))])


@functools.lru_cache(KEPT)
def _link(name: str, link: str) -> str:
    from urllib.parse import quote

    bare = f"<bdi>{_text(name)}</bdi>"
    return f'<a href="{escape(quote(link))}">{bare}</a>' if link else bare


@functools.lru_cache(KEPT)
def _passed(function: str, later: bool, title: str) -> str:
    return f"<li><code>{_text(function)}</code>: {_text(title)}{' †' if later else ''}</li>"


@functools.lru_cache(KEPT)
def _cost(cost: Cost) -> str:
    lost = f' <span class="score quiet">−{points(cost.lost)}</span>' if cost.lost >= SEEN else ""
    symptom = f"<pre>{_text(cost.symptom)}</pre>" if cost.symptom else ""
    return f"<li>{_text(cost.title)}{lost}{symptom}</li>"


@functools.lru_cache(KEPT)
def _function(one: Function) -> str:
    filled = min(100.0, 100 * one.got / one.worth) if one.worth else 0.0
    bar = (
        '<svg class="share short" viewBox="0 0 100 10" preserveAspectRatio="none" '
        'aria-hidden="true"><rect class="room" width="100" height="10"/>'
        f'<rect class="full" width="{filled:.1f}" height="10"/></svg>'
    )
    return (
        f'<tr><th scope="row"><code>{_text(one.name)}</code></th>'
        f'<td class="n">{points(one.got)} / {one.worth:g}</td><td>{bar}</td>'
        f'<td class="n">{one.passed} of {one.checks}{" †" if one.later else ""}</td></tr>'
    )


def _text(words: str) -> str:
    return escape(words if words.isprintable() else visible(words))


def _trusted(lines: Iterable[str]) -> Any:
    from markupsafe import Markup

    return Markup("\n".join(lines))
