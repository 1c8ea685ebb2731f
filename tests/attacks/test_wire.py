"""The wire under a fuzzer: any bytes give a value or a WireError, within the frame's memory."""

import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.checker.contract import Contract, Function
from autograder.checker.outcome import (
    ImplementationMissing,
    ImplementationRaised,
    ImplementationStopped,
    WrongStructure,
)
from autograder.sandbox.outside.answers import read_answer
from autograder.sandbox.wire import frames
from autograder.sandbox.wire.decoder import Decoder, decode
from autograder.sandbox.wire.encoder import encode, mark
from tests.sandbox.raw_frames import framed

FRAMES = {"decoded": 0, "answers": 0, "round trips": 0}
QUICK = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
FUNCTION = next(
    function
    for function in Contract.from_source(
        __import__("pathlib").Path(__file__).parents[1] / "tiny_course/solutions/arithmetic"
    ).functions.values()
    if function.name == "double"
)
TYPED = (
    frames.WireError,
    ImplementationRaised,
    ImplementationMissing,
    ImplementationStopped,
    WrongStructure,
)

TAGS = b"NTFidsmtlachgrYyU"
tokens = st.one_of(
    st.sampled_from([bytes((tag,)) for tag in TAGS]),
    st.integers(0, 2**32 - 1).map(struct.Struct("<I").pack),
    st.integers(0, 12).map(struct.Struct("<I").pack),
    st.integers(0, 2**64 - 1).map(struct.Struct("<Q").pack),
    st.integers(0, 5).map(struct.Struct("<Q").pack),
    st.binary(max_size=12),
)
like_frames = st.lists(tokens, max_size=30).map(b"".join)
dtypes = st.sampled_from(frames.DTYPES)


@st.composite
def arrays(draw):
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    count = int(np.prod(shape))
    values = draw(st.lists(st.integers(0, 100), min_size=count, max_size=count))
    return np.array(values).reshape(shape).astype(draw(dtypes))


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    arrays(),
    st.builds(frames.Handle, st.integers(0, 2**64 - 1)),
    st.builds(frames.Seed, st.integers(0, 2**64 - 1)),
    st.builds(frames.Unsupported, st.text(max_size=9), st.text(max_size=9)),
    dtypes,
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=6), inner, max_size=4),
    ),
    max_leaves=12,
)


@st.composite
def damaged(draw):
    """A sound frame with some bytes changed, taken out, or cut off."""
    frame = bytearray(encode([draw(values)], mark))
    for _ in range(draw(st.integers(1, 4))):
        if frame:
            place = draw(st.integers(0, len(frame) - 1))
            kind = draw(st.integers(0, 2))
            if kind == 0:
                frame[place] = draw(st.integers(0, 255))
            elif kind == 1:
                del frame[place]
            else:
                del frame[place:]
    return bytes(frame)


@st.composite
def put_together(draw):
    """Forms that nobody encoded, framed soundly, before any data."""
    forms = draw(st.lists(like_frames, max_size=3))
    return framed(*forms, data=draw(st.binary(max_size=64)))


anything = st.one_of(st.binary(max_size=200), like_frames, put_together(), damaged())


def agree(left, right):
    assert type(left) is type(right)
    if isinstance(left, np.ndarray):
        assert (left.dtype, left.shape) == (right.dtype, right.shape)
        np.testing.assert_array_equal(left, right)
    elif isinstance(left, dict):
        assert list(left) == list(right)
        for key in left:
            agree(left[key], right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            agree(one, other)
    else:
        assert left == right or (left != left and right != right)


@QUICK
@given(anything)
def test_any_bytes_are_a_value_or_refused(body):
    FRAMES["decoded"] += 1
    try:
        found = decode(body)
    except frames.WireError:
        return
    encode(found, mark)  # what was understood can be said again


@QUICK
@given(anything)
def test_any_answer_is_a_result_or_a_typed_refusal(body):
    FRAMES["answers"] += 1
    head = encode([("value", 1, (), ())])
    for frame in (body, head + body):
        try:
            read_answer(frame, FUNCTION, 1, 1, 512)
        except TYPED:
            continue


@QUICK
@given(st.lists(values, max_size=4))
def test_what_is_encoded_comes_back(several):
    FRAMES["round trips"] += 1
    back = decode(encode(several))
    assert len(back) == len(several)
    for one, other in zip(several, back, strict=True):
        agree(one, other)


@settings(max_examples=300, deadline=None)
@given(anything)
def test_no_more_memory_than_a_frame_may_have(body):
    tracemalloc.start()
    try:
        decode(body)
    except frames.WireError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 100 * len(body) + 200_000


@pytest.mark.parametrize("length", [0, 1, 3, 2**16, 2**31, 2**32 - 1])
def test_an_announced_length_takes_no_memory_before_its_bytes_come(length):
    out, into = os.pipe()
    os.write(into, struct.pack("<I", length)[: max(4, length and 4)])
    os.close(into)
    tracemalloc.start()
    try:
        if length:
            with pytest.raises(frames.WireError):
                frames.read_frame(out, 2**20)
        else:
            assert frames.read_frame(out, 2**20) == b""
        assert tracemalloc.get_traced_memory()[1] < 2**20 + 200_000
    finally:
        tracemalloc.stop()
        os.close(out)


@pytest.mark.parametrize(
    "form",
    [
        b"a\x0b\x20" + b"\xff" * 256,
        b"a\x0b\x02" + struct.pack("<QQ", 2**40, 2**40) + bytes(8),
        b"a\x0b\x02" + struct.pack("<QQ", 0, 2**63) + bytes(8),
        b"t" + struct.pack("<I", 2**32 - 1),
        b"t\x01\x00\x00\x00" * 17 + b"N",
        b"m\x02\x00\x00\x00" + (b"\x01\x00\x00\x00kN") * 2,
        b"s\x02\x00\x00\x00\xff\xfe",
        b"c\xff" + bytes(8),
        b"N" * 200_001,
    ],
)
def test_frames_made_for_trouble_are_refused(form):
    for data in (b"", bytes(8), bytes(64)):
        with pytest.raises(frames.WireError):
            decode(framed(form, data=data))


def test_a_truth_value_of_two_is_refused():
    with pytest.raises(frames.WireError):
        decode(framed(b"a\x00\x00", data=b"\x02"))


def test_a_decoder_copies_so_that_nothing_changes_between_two_reads():
    body = bytearray(encode([np.arange(3.0)]))
    array = Decoder(body).value()
    body[-8:] = bytes(8)
    assert array[2] == 2.0
    assert array.flags.writeable


def test_how_many_frames_were_tried(record_property):
    """Runs last in this file: the count is for SECURITY.md."""
    total = sum(FRAMES.values())
    record_property("frames", total)
    print(f"{total} frames: {FRAMES}")
    assert isinstance(FUNCTION, Function)
    assert total > 4000
