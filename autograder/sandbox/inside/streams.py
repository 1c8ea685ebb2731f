"""The state of a PCG64 generator as bytes, so that a random stream can visit another process."""

from __future__ import annotations

import struct

import numpy as np

_STATE = struct.Struct("<16s16s?I")


def get_stream(generator: np.random.Generator) -> bytes:
    """The state of a generator made by `np.random.default_rng`; TypeError for any other."""
    state = generator.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise TypeError(f"a generator of kind {state['bit_generator']}; expected PCG64")
    inner = state["state"]
    return _STATE.pack(
        inner["state"].to_bytes(16, "little"),
        inner["inc"].to_bytes(16, "little"),
        bool(state["has_uint32"]),
        state["uinteger"],
    )


def set_stream(generator: np.random.Generator, packed: bytes) -> None:
    """Put a generator into a state that `get_stream` told."""
    state, increment, has_half, half = _STATE.unpack(packed)
    generator.bit_generator.state = {
        "bit_generator": "PCG64",
        "state": {
            "state": int.from_bytes(state, "little"),
            "inc": int.from_bytes(increment, "little"),
        },
        "has_uint32": int(has_half),
        "uinteger": half,
    }


def from_stream(packed: bytes) -> np.random.Generator:
    """A generator in the given state."""
    generator = np.random.default_rng(0)
    set_stream(generator, packed)
    return generator
