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

from autograder.sandbox.wire import forms, frames
from autograder.sandbox.wire.decoder import Decoder, decode
from autograder.sandbox.wire.encoder import encode, mark
from tests.sandbox.raw_frames import TRUTH, framed

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
    "form",
    [
        b"a\x0b\x01" + struct.pack("<Q", 2**61),  # 16 exabytes
        b"a\x0b\x02" + struct.pack("<QQ", 2**40, 2**40),
        b"a\x0b\x02" + struct.pack("<QQ", 0, 2**62),
        b"a\x0b\xff",
        b"a\x63\x00",
        b"l" + struct.pack("<I", 2**32 - 1),
        b"s" + struct.pack("<I", 5) + b"ab",
        b"s" + struct.pack("<I", 1) + b"\xff",
        b"t\1\0\0\0" * 40 + b"N",
        b"m\2\0\0\0" + b"\1\0\0\0aN" * 2,
        b"?",
        b"c\x0c",
        b"NN",
        b"",
    ],
)
def test_lies_about_size_and_kind_are_refused(form: bytes) -> None:
    for body in (framed(form), framed(form, data=bytes(64)), framed(b"N", form)):
        with pytest.raises(frames.WireError):
            decode(body)


@pytest.mark.parametrize("form", [TRUTH, b"c\x00"])
def test_a_truth_value_of_two_is_refused(form: bytes) -> None:
    assert decode(framed(form, data=b"\x01")) == [True]
    with pytest.raises(frames.WireError):
        decode(framed(form, data=b"\x02"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0",
        struct.pack("<I", 2**32 - 1) + bytes(20),  # forms larger than their frame
        struct.pack("<II", 8, 2**32 - 1) + bytes(4),  # a form larger than its frame
        struct.pack("<I", 2) + b"NN" + bytes(2),  # no room for a form's length
        framed(b"N", data=b"more"),
        framed(b"d", data=bytes(16)),
        framed(b"d"),
    ],
)
def test_frames_that_do_not_add_up_are_refused(body: bytes) -> None:
    with pytest.raises(frames.WireError):
        decode(body)


def test_forms_that_are_kept_do_not_grow_for_ever() -> None:
    for k in range(3 * forms.MAX_KEPT):
        assert decode(framed(b"s" + struct.pack("<I", 4) + b"%04d" % k)) == [f"{k:04}"]
        assert max(len(forms._kept), len(forms._together)) <= forms.MAX_KEPT
    before = len(forms._kept), len(forms._together)
    for large in ([None] * (forms.MAX_KEPT_NODES + 1), "x" * (forms.MAX_KEPT_BYTES + 1)):
        assert decode(encode([large])) == [large]
        assert (len(forms._kept), len(forms._together)) == before


def test_too_many_values_are_refused() -> None:
    form = b"l" + struct.pack("<I", frames.MAX_NODES + 1) + b"N" * (frames.MAX_NODES + 1)
    half = b"l" + struct.pack("<I", frames.MAX_NODES // 2) + b"N" * (frames.MAX_NODES // 2)
    for body in (framed(form), framed(half, half)):
        with pytest.raises(frames.WireError, match="values in one frame"):
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


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_decoded_arrays_are_writable_aligned_and_apart(kind: type) -> None:
    sent = [np.ones(3, np.int8), np.arange(6.0).reshape(2, 3).T, np.ones(5, np.float32), 4.5]
    body = kind(encode(sent))
    for owned in (False, True):
        decoder = Decoder(body, owned=owned)
        found = [decoder.value() for _ in sent]
        for one, before in zip(found[:3], sent[:3], strict=True):
            assert one.flags.aligned
            assert one.flags.owndata or not owned
            assert one.shape == before.shape
            one[...] = 7
        assert decode(body)[3] == 4.5
        assert same(decode(body), sent)  # what was sent stays as it was


changes = st.sampled_from(["entry", "shape", "dtype", "key", "item", "number", "kind", "none"])


def nested() -> dict[str, Any]:
    return {"a": [np.arange(4.0), (1, 2.5, None)], "b": {"c": np.ones(2, bool), "d": "text"}}


@given(changes)
def test_a_changed_argument_is_seen(change: str) -> None:
    decoder = Decoder(encode([nested(), 3]), owned=True)
    value = decoder.value()
    decoder.value()
    if change == "entry":
        value["a"][0][2] = np.nan
    elif change == "shape":
        value["a"][0].shape = (2, 2)
    elif change == "dtype":
        value["b"]["c"] = value["b"]["c"].view(np.int8)
    elif change == "key":
        value["b"]["e"] = 0
    elif change == "item":
        value["a"].append(1)
    elif change == "number":
        value["a"][1] = (1, 2.25, None)
    elif change == "kind":
        value["a"][1] = [1, 2.5, None]
    assert decoder.changed([value, 3]) == ([] if change == "none" else [0])


def test_the_order_of_keys_is_no_change_nor_is_nan() -> None:
    decoder = Decoder(encode([{"a": 1, "b": np.array([np.nan]), "c": np.nan}]), owned=True)
    value = decoder.value()
    assert decoder.changed([dict(reversed(value.items()))]) == []


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
