"""Prints the table of attack classes and levels: `python -m tests.attacks.table`."""

from tests.attacks.catalogue import GROUPS, LEVELS
from tests.attacks.matrix import WHO, Matrix, rows
from tests.attacks.places import Place


def table(matrix: Matrix) -> str:
    """Markdown: stopped / tried; a number in brackets is of those with no promise at that level."""
    cells = {
        (group, who, level): f"{stopped} / {tried}" + (f" ({open_here})" if open_here else "")
        for group, who, level, tried, stopped, open_here in rows(matrix)
    }
    columns = [(who, level) for who in WHO for level in LEVELS if (GROUPS[0], who, level) in cells]
    lines = [
        "| class | " + " | ".join(f"{who}: {level}" for who, level in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for group in GROUPS:
        row = " | ".join(cells[group, *column] for column in columns)
        lines.append(f"| {group} | {row} |")
    return "\n".join(lines)


if __name__ == "__main__":
    place = Place()
    try:
        print(table(Matrix(place)))
        print("\nstopped / tried; in brackets: cases about which this level promises nothing.")
        print("honest: programs that must get full marks, and did.")
    finally:
        place.close()
