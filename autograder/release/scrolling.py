"""What is too wide for a phone scrolls by itself: tables, code and formulas of a handout.

Only what can be wider than the narrowest screen becomes a stop for the keyboard, with a name; its
width is guessed from the number of characters, rather too large than too small.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

NARROW = 24  # characters of code or of a table that surely fit on 320 pixels
FORMULA = 20  # characters of a formula; fractions and sums are counted as if they stood in a row
Rule = Callable[..., str]


def let_wide_things_scroll(converter: MarkdownIt) -> None:
    """Give a converter with formulas its rules. Numbers of things are kept in the environment."""
    renderer = converter.renderer
    assert isinstance(renderer, RendererHTML)
    rules = renderer.rules
    for name in ("fence", "code_block"):
        converter.add_render_rule(name, _code(rules[name]))
    for name in ("math_block", "math_block_label", "math_inline", "math_inline_double"):
        converter.add_render_rule(name, _formula(rules[name]))
    converter.add_render_rule("table_open", _table_open)
    converter.add_render_rule("table_close", lambda *_: "</table></div>\n")


def _table_open(_: object, tokens: Sequence[Token], at: int, __: object, env: Any) -> str:
    wide = _table_width(tokens, at) > NARROW
    stop = _stop("Table", env) if wide else ""
    return f'<div class="scroll"{stop}><table>\n'


def _table_width(tokens: Sequence[Token], at: int) -> int:
    """Characters of its longest row, each column taken at its longest cell."""
    columns: dict[int, int] = {}
    column = 0
    for position in range(at, len(tokens)):
        token = tokens[position]
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            column = 0
        elif token.type in ("th_open", "td_open"):
            columns[column] = max(columns.get(column, 0), len(tokens[position + 1].content))
            column += 1
    return sum(columns.values()) + 3 * len(columns)


def _code(usual: Rule) -> Rule:
    def rule(_: object, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        text = usual(tokens, at, options, env)
        longest = max(map(len, tokens[at].content.splitlines()), default=0)
        stop = _stop("Code", env) if longest > NARROW else ""
        return text.replace("<pre>", f"<pre{stop}>", 1)

    return rule


def _formula(usual: Rule) -> Rule:
    def rule(_: object, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
        text = usual(tokens, at, options, env)
        length = len(html.unescape(re.sub(r"<[^>]*>|\s+", "", text)))
        if length < FORMULA:
            return text
        stop = _stop("Formula", env)
        return re.sub(r'class="math (\w+)"', rf'class="math \1 wide"{stop}', text, count=1)

    return rule


def _stop(kind: str, env: Any) -> str:
    """Attributes that let the keyboard reach it and a screen reader name it."""
    env[kind] = env.get(kind, 0) + 1
    return f' tabindex="0" role="region" aria-label="{kind} {env[kind]}"'
