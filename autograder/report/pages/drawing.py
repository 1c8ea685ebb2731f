"""Charts as inline SVG, and their numbers as a table. Students' pages hold a thousand shapes each,
so these are written directly instead of by a template; every word of them is escaped here."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from autograder.report.pages.charts import Chart, Line
from autograder.report.words import visible

ON_TOP = ("quartile", "median", "deadline")


def svg(chart: Chart, name: str) -> Any:
    """The picture. `name` is an id of its own on the page."""
    from markupsafe import Markup

    return Markup("\n".join(_svg(chart, name)))


def numbers(chart: Chart) -> Any:
    """The rows of the table."""
    from markupsafe import Markup

    rows = (
        f'<tr><th scope="row">{_text(row[0])}</th>'
        + "".join(f'<td class="n">{_text(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in chart.numbers
    )
    return Markup("\n".join(rows))


def _svg(chart: Chart, name: str) -> Iterator[str]:
    yield (
        f'<svg class="chart {chart.kind}" viewBox="0 0 {chart.width:g} {chart.height:g}" '
        f'role="img" aria-labelledby="{name}-t {name}-d">'
    )
    yield f'<title id="{name}-t">{_text(chart.title)}</title>'
    yield f'<desc id="{name}-d">{_text(chart.words)}</desc>'
    yield from (_line(line, line.kind) for line in chart.lines if line.kind not in ON_TOP)
    for box in chart.boxes:
        tip = f"<title>{_text(box.tip)}</title>" if box.tip else ""
        yield (
            f'<rect class="{box.kind}" x="{box.x:.1f}" y="{box.y:.1f}" '
            f'width="{box.width:.1f}" height="{box.height:.1f}">{tip}</rect>'
        )
    for line in chart.lines:
        if line.kind in ON_TOP:
            if line.kind != "deadline":
                yield _line(line, "halo")
            yield _line(line, line.kind)
    for text in chart.texts:
        if text.words:
            yield (
                f'<text x="{text.x:.1f}" y="{text.y:.1f}" text-anchor="{text.anchor}">'
                f"{_text(text.words)}</text>"
            )
    yield "</svg>"


def _line(line: Line, kind: str) -> str:
    return (
        f'<line class="{kind}" x1="{line.x1:.1f}" y1="{line.y1:.1f}" '
        f'x2="{line.x2:.1f}" y2="{line.y2:.1f}"/>'
    )


def _text(words: str) -> str:
    return escape(words if words.isprintable() else visible(words))
