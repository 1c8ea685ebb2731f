"""A line of Python with its words in colours, if pygments is there; text either way."""

from __future__ import annotations

import functools
from typing import Any

from autograder.report.words import visible

MOST = 200


@functools.lru_cache(4096)
def python(line: str) -> Any:
    """HTML of one line; the classes are k (keyword), s (string), c (comment) and m (number)."""
    from markupsafe import Markup, escape

    text = visible(line)[:MOST]
    try:
        from pygments.lexers.python import PythonLexer
    except ModuleNotFoundError:
        return escape(text)
    found = []
    for kind, piece in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        name = _class(str(kind))
        escaped = escape(piece)
        found.append(
            Markup('<span class="{}">{}</span>').format(name, escaped) if name else escaped
        )
    return Markup("").join(found)


def _class(kind: str) -> str:
    if kind.startswith("Token.Keyword") or kind == "Token.Operator.Word":
        return "k"
    if kind.startswith("Token.Literal.String"):
        return "s"
    if kind.startswith("Token.Literal.Number"):
        return "m"
    return "c" if kind.startswith("Token.Comment") else ""
