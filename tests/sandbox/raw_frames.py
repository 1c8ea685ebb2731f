"""Frames put together by hand, as no encoder would."""

import struct

TRUTH = b"a\x00\x01" + struct.pack("<Q", 1)  # the form of an array of one truth value


def framed(*forms: bytes, data: bytes = b"") -> bytes:
    """A frame that says these forms, whatever they are, and holds these data, filled up to 8s."""
    said = b"".join(struct.pack("<I", len(form)) + form for form in forms)
    head = struct.pack("<I", len(said)) + said
    return head + bytes(-len(head) % 8) + data + bytes(-len(data) % 8)
