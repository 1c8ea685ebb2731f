"""What is kept of a known wrong output: enough to recognise it, and to read its name by it.

An output is projected on fixed pseudo-random weights, and the projections are rounded to a grid as
fine as two right ways of computing it agree. Neither is kept. A hash of the grid's cell is a pad
that locks the key of the cause's sentence: whoever gives that wrong answer can open it, and who
only reads the record learns neither the answer nor the sentence.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEY = 6  # bytes of a key, and of the pad that locks it
TAG = 4  # bytes by which a key is known as the right one
BLOCK = 2 + KEY  # of one output: its place and its precision, and the locked key

PROJECTIONS = 2
# By item size: how finely a cell divides the norm (in bits), and how far rounding may carry.
GRID = {8: (26, 1e-9), 4: (12, 1e-5), 2: (4, 1e-2)}
WIDTHS = (8, 4, 2, 8)
BARE = 3  # in the place of a width: full precision, but nothing in it that could keep a secret
NOTHING = 1e-11  # a norm that is nothing but rounding, for each value


class Projected:
    """An output of an implementation, ready to be compared with many fingerprints."""

    def __init__(self, value: Any) -> None:
        numbers: list[NDArray[np.float64]] = []
        widths: list[int] = [8]
        self._form = "".join(_described(value, numbers, widths))
        self.width = min(widths)
        """The item size of its coarsest floats."""
        flat = np.concatenate(numbers) if numbers else np.zeros(0)
        with np.errstate(all="ignore"):
            norm = float(np.sqrt((flat * flat).sum()))
            self._projections = [float((row * flat).sum()) for row in _weights(flat.size)]
        known = all(map(math.isfinite, (norm, *self._projections)))
        self._form += "" if known else "beyond;"
        self._norm = norm if known and norm > NOTHING * math.sqrt(flat.size) else 0.0
        self._pads: dict[int, tuple[bytes, ...]] = {}

    @property
    def kind(self) -> int:
        """The place of its width among `WIDTHS`. 0: it has the digits that lock a key."""
        return BARE if self.width == 8 and self._norm == 0.0 else WIDTHS.index(self.width)

    def pads(self, width: int) -> tuple[bytes, ...]:
        """The pad of the cell in which the output lies, and those that rounding could give it."""
        if width not in self._pads:
            cells = dict.fromkeys(self._cells(width))
            self._pads[width] = tuple(_digest(f"{self._form}|{cell}", KEY) for cell in cells)
        return self._pads[width]

    def _cells(self, width: int) -> Iterator[str]:
        bits, noise = GRID[width]
        norm = self._norm
        if norm == 0.0:
            yield "nothing"
            return
        shifts = (0.0, -noise, noise)
        exponents = dict.fromkeys(math.frexp(norm * (1 + shift))[1] for shift in shifts)
        for exponent in exponents:
            step = math.ldexp(1.0, exponent - bits)
            places = [
                dict.fromkeys(round((p + shift * norm) / step) for shift in shifts)
                for p in self._projections
            ]
            for place in itertools.product(*places):
                yield f"{exponent} {' '.join(map(str, place))}"


def _described(value: Any, numbers: list[NDArray[np.float64]], widths: list[int]) -> Iterator[str]:
    """How a value is built, in a text; its numbers go into a list, and the sizes of its floats."""
    if isinstance(value, dict):
        for key in sorted(value):
            yield f"{key!r}:"
            yield from _described(value[key], numbers, widths)
        yield f"dict {len(value)};"
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _described(item, numbers, widths)
        yield f"list {len(value)};"
    elif isinstance(value, bool | int | float | np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            yield f"{array.dtype} {array.shape};"
            return
        flat = array.astype(np.float64).ravel()
        yield f"{'f' if array.dtype.kind == 'f' else 'i'}{array.shape}"
        if array.dtype.kind == "f":
            widths.append(min(8, array.dtype.itemsize))
            finite = np.isfinite(flat)
            if not finite.all():
                signs = np.where(np.isnan(flat), 2, np.sign(np.where(finite, 0, flat)))
                yield _digest(signs.astype(np.int8).tobytes(), KEY).hex()
                flat = np.where(finite, flat, 0.0)
        yield ";"
        numbers.append(flat)
    else:
        yield f"{value!r};"


@lru_cache(maxsize=256)
def _weights(size: int) -> NDArray[np.float64]:
    """Fixed pseudo-random numbers between -1 and 1, the same on every machine."""
    return np.random.Generator(np.random.PCG64(size)).random((PROJECTIONS, size)) * 2 - 1


@dataclass
class Sealed:
    """A text that only its key opens; once open, it stays so."""

    content: bytes
    opened: str | None = None

    @classmethod
    def of(cls, text: str) -> tuple[Sealed, bytes]:
        """Seal a text. The key follows from it: the same text is sealed in the same way."""
        plain = text.encode()
        key = _digest(b"key" + plain, KEY)
        return cls(_digest(b"tag" + key, TAG) + _streamed(plain, key)), key

    def open(self, key: bytes) -> bool:
        """Whether the key is the right one; then the text can be read."""
        if _digest(b"tag" + key, TAG) != self.content[:TAG]:
            return False
        if self.opened is None:
            self.opened = _streamed(self.content[TAG:], key).decode(errors="replace")
        return True


@dataclass(frozen=True)
class Fingerprint:
    """Stands in an outcome for an output that is not kept. It is equal to no right output."""

    kind: int
    locked: bytes
    sealed: Sealed = field(repr=False)

    def fits(self, mine: Projected) -> bool:
        """Whether an output is the one that this was taken of. That opens the cause's text."""
        pads = mine.pads(min(WIDTHS[self.kind], mine.width))
        if self.kind:
            return self.locked in pads
        return any(self.sealed.open(_xor(self.locked, pad)) for pad in pads)


def packed(outputs: Sequence[tuple[int, Projected]], key: bytes) -> bytes:
    """The fingerprints of some outputs, each with its place among all, as they are recorded."""
    found = bytearray()
    for place, mine in outputs:
        pad = mine.pads(mine.width)[0]
        found += (place * 4 + mine.kind).to_bytes(2, "big")
        found += pad if mine.kind else _xor(key, pad)
    return bytes(found)


def unpacked(blocks: bytes, sealed: Sealed) -> Iterator[tuple[int, Fingerprint]]:
    """Recorded fingerprints, each with its output's place among all."""
    for start in range(0, len(blocks), BLOCK):
        head = int.from_bytes(blocks[start : start + 2], "big")
        locked = blocks[start + 2 : start + BLOCK]
        yield head // 4, Fingerprint(head % 4, locked, sealed)


def _digest(content: str | bytes, size: int) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return hashlib.blake2b(content, digest_size=size).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _streamed(content: bytes, key: bytes) -> bytes:
    """A text in or out of its seal."""
    blocks = range(-(-len(content) // 64))
    stream = b"".join(_digest(key + bytes([k % 256, k // 256]), 64) for k in blocks)
    return _xor(content, stream[: len(content)])
