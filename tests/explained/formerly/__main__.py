"""Write down what is said of the slips that left the bank."""

import json
import sys

from tests.explained.formerly import NUMBERS, SAID, causes, failures, former, recorded


def main(numbers: list[str]) -> int:
    """Write the sentences of some assignments, or of all; what is not one cause goes to stderr."""
    said = {number: dict(of) for number, of in recorded().items()} if SAID.exists() else {}
    unsaid = 0
    for number in numbers or NUMBERS:
        said[number] = {}
        for slip in former(number):
            named = causes(failures(number, slip))
            said[number][slip.name] = " | ".join(
                sorted(f"{text} {part}".rstrip() for _, text, part in named)
            )
            if len(named) != 1 or any(part or not name for name, _, part in named):
                unsaid += 1
                print(f"{number} {slip.name}: {sorted(named, key=str)}", file=sys.stderr)
    SAID.write_text(
        json.dumps(dict(sorted(said.items())), indent=1, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    return 1 if unsaid else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
