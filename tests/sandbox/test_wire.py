"""The wire: what goes in comes out; any bytes are a valid value or a WireError."""

from __future__ import annotations

import os
import resource
import struct
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from autograder.sandbox.wire import frames
from autograder.sandbox.wire.decoder import decode
from autograder.sandbox.wire.encoder import encode, mark

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.builds(frames.Handle, st.integers(0, 2**64 - 1)),
    st.builds(frames.Seed, st.integers(0, 2**64 - 1)),
    st.builds(frames.Stream, st.binary(min_size=37, max_size=37)),
    st.builds(np.float32, st.floats(width=32)),
    st.sampled_from([np.dtype("f4"), np.float64, np.int8, np.True_]),
    arrays.arrays(
        st.sampled_from(frames.DTYPES), arrays.array_shapes(min_dims=0, max_dims=4, min_side=0)
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, np.generic | float):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@settings(max_examples=300, deadline=None)
@given(st.lists(values, max_size=4))
def test_what_goes_in_comes_out(items: list[Any]) -> None:
    assert same(decode(encode(items)), items)


@settings(max_examples=1500, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_valid(body: bytes) -> None:
    try:
        decode(body)
    except frames.WireError:
        return


@settings(max_examples=1500, deadline=None)
@given(st.lists(values, max_size=3), st.data())
def test_a_damaged_frame_is_refused_or_valid(items: list[Any], data: st.DataObject) -> None:
    body = bytearray(encode(items))
    for _ in range(data.draw(st.integers(1, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    try:
        decode(body[:cut])
    except frames.WireError:
        return


@pytest.mark.parametrize(
    "body",
    [
        b"a\x0b\x01" + struct.pack("<Q", 2**61),  # 16 exabytes
        b"a\x0b\x02" + struct.pack("<QQ", 2**40, 2**40),
        b"a\x0b\x02" + struct.pack("<QQ", 0, 2**62),
        b"a\x0b\xff",
        b"a\x63\x00",
        b"a\x00\x01" + struct.pack("<Q", 1) + b"\x02",  # a truth value of 2
        b"l" + struct.pack("<I", 2**32 - 1),
        b"s" + struct.pack("<I", 5) + b"ab",
        b"s" + struct.pack("<I", 1) + b"\xff",
        b"t\1\0\0\0" * 40 + b"N",
        b"m\2\0\0\0" + b"\1\0\0\0aN" * 2,
        b"?",
        b"c\x0c",
    ],
)
def test_lies_about_size_and_kind_are_refused(body: bytes) -> None:
    with pytest.raises(frames.WireError):
        decode(body)


def test_too_many_values_are_refused() -> None:
    body = b"l" + struct.pack("<I", frames.MAX_NODES + 1) + b"N" * (frames.MAX_NODES + 1)
    with pytest.raises(frames.WireError):
        decode(body)
    with pytest.raises(frames.WireError):
        encode([[None] * (frames.MAX_NODES + 1)], mark)


def test_only_plain_data_is_encoded() -> None:
    class Liar(np.ndarray):
        pass

    for value in (
        1j,
        object(),
        Liar(2),
        np.ma.zeros(2),
        np.ones((1, 1)).view(np.matrix),
        {1: 2},
        2**64,
        b"x",
    ):
        with pytest.raises(frames.WireError):
            encode([value])
        marked = decode(encode([value], mark))[0]
        assert isinstance(marked, frames.Unsupported)


def test_decoded_arrays_are_writable_and_own_their_data() -> None:
    array = decode(encode([np.arange(6.0).reshape(2, 3).T]))[0]
    array[0, 0] = 7
    assert array.flags.owndata or array.base.flags.owndata
    assert array.shape == (3, 2)


def test_a_large_header_takes_no_memory() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, struct.pack("<I", 2**32 - 1))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(frames.WireError):
        frames.read_frame(ours)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024
    os.close(ours)
    os.close(theirs)


def test_frames_pass_through_a_pipe() -> None:
    ours, theirs = os.pipe()
    body = encode([np.arange(200_000.0)])
    sender = threading.Thread(target=lambda: (frames.write_frame(theirs, body), os.close(theirs)))
    sender.start()
    assert bytes(frames.read_frame(ours)) == body
    sender.join()
    with pytest.raises(frames.WireClosedError):
        frames.read_frame(ours)
    os.close(ours)
