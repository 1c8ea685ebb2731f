"""Draws the rooms of `autograder/` by floors, from the imports: `python -m tests.house.floors`.

A room is a folder with code of its own (`sandbox` has four). A room stands one floor above the
highest room that it imports from; `import-linter` holds the order, this only draws it.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "floors.svg"
SHARED = ("", "errors", "__main__", "hidden")  # what everybody may use, and a course's content
WIDTH, BOX, HEIGHT, GAP = 860, 128, 46, 34


@dataclass(frozen=True)
class House:
    """Lines of code by room, and how many imports lead from one room to another."""

    lines: Counter[str]
    arrows: Counter[tuple[str, str]]

    @cached_property
    def floors(self) -> list[list[str]]:
        """Rooms from the ground up. Raises ValueError where imports run in a circle."""
        below = {room: {b for a, b in self.arrows if a == room} for room in self.lines}
        height: dict[str, int] = {}
        while len(height) < len(below):
            ready = [r for r in sorted(below) if r not in height and below[r] <= height.keys()]
            if not ready:
                raise ValueError(f"a circle among {sorted(below.keys() - height.keys())}")
            height |= {r: 1 + max((height[b] for b in below[r]), default=-1) for r in ready}
        top = max(height.values())
        return [sorted(r for r in height if height[r] == floor) for floor in range(top + 1)]


def look(package: Path = ROOT / "autograder") -> House:
    """Read the imports of all modules."""
    lines: Counter[str] = Counter()
    arrows: Counter[tuple[str, str]] = Counter()
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        here = room(parts)
        if here in SHARED:
            continue
        text = path.read_text(encoding="utf-8")
        lines[here] += text.count("\n")
        for target in set(_imported(ast.parse(text), parts)):
            if (there := room(target)) not in (here, *SHARED):
                arrows[here, there] += 1
    return House(lines, arrows)


def room(parts: tuple[str, ...]) -> str:
    """The room of a module, given by its path below the package."""
    if parts[:1] == ("sandbox",):
        return ".".join(parts[:2]) if len(parts) > 2 else ""
    return parts[0] if len(parts) > 1 or parts[0] in SHARED else ""


def _imported(tree: ast.Module, parts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split(".")) if node.module else ()
            if node.level:
                base = parts[: len(parts) - node.level]
                for alias in node.names:
                    yield (*base, *module, alias.name)
            elif module[0] == "autograder":
                for alias in node.names:
                    yield (*module[1:], alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("autograder."):
                    yield (*alias.name.split(".")[1:], "")


def draw(house: House) -> str:
    """The picture, as SVG that says in words what it shows.

    It holds no counts, so that it changes only when a room or an arrow comes or goes.
    """
    floors = house.floors[::-1]
    height = len(floors) * (HEIGHT + GAP) + 20
    places = {}
    for row, names in enumerate(floors):
        step = WIDTH / len(names)
        for column, name in enumerate(names):
            places[name] = (step * (column + 0.5), 16 + row * (HEIGHT + GAP))
    words = "; ".join(
        f"floor {number}: {', '.join(names)}" for number, names in enumerate(house.floors)
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="sans-serif" font-size="13">',
        f"<title>The rooms of autograder/, by floors</title><desc>{escape(words)}. An arrow "
        "leads from a room to a room that it imports from, always downwards.</desc>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for above, below in sorted(house.arrows):
        (x, y), (to_x, to_y) = places[above], places[below]
        parts.append(
            f'<path d="M{x:.0f} {y + HEIGHT} C{x:.0f} {y + HEIGHT + 30} {to_x:.0f} {to_y - 30} '
            f'{to_x:.0f} {to_y}" fill="none" stroke="#57606a" stroke-opacity="0.45"/>'
        )
    for name, (x, y) in places.items():
        left = x - BOX / 2
        parts.append(
            f'<rect x="{left:.0f}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="6" '
            'fill="#ddf4ff" stroke="#0969da"/>'
            f'<text x="{x:.0f}" y="{y + 28}" text-anchor="middle" font-weight="bold" '
            f'fill="#1f2328">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Draw, and say how the house stands."""
    house = look()
    PICTURE.write_text(draw(house), encoding="utf-8")
    sys.stdout.write(
        f"{len(house.lines)} rooms on {len(house.floors)} floors, {len(house.arrows)} arrows\n"
        + "".join(
            f"{number}  "
            + ", ".join(f"{name} ({house.lines[name]:,} lines)" for name in names)
            + "\n"
            for number, names in enumerate(house.floors)
        )
    )


if __name__ == "__main__":
    main()
