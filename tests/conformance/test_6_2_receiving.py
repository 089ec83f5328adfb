# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 6.2: what is received does not depend on how TCP cuts it. A piece is sent when the service has
read the one before."""

import pytest

from case import Case
from harness.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_frame, frame
from steps import Delivers, EndsClosed, Fails, Sees, Sends, SendsSplit

START = frame(TEXT, b"\xe2", fin=False)

# One after the other: every form of frame and of length.
STREAM = b"".join(
    [
        frame(TEXT, b"ab"),
        frame(BINARY),
        START,
        frame(PING, b"?"),
        frame(CONTINUATION, b"\x82\xac"),
        frame(PONG),
        frame(BINARY, bytes(126)),
        frame(TEXT, b"end"),
    ]
)
TOLD = [
    Sees(PONG, b"?"),
    Delivers("ab"),
    Delivers(b""),
    Delivers("\u20ac"),
    Delivers(bytes(126)),
    Delivers("end"),
]
LONG = frame(BINARY, bytes(65536))
INSIDE_LONG_PAYLOAD = range(len(STREAM) - 5 - 120, len(STREAM) - 5 - 4)

FAULTS = {
    "a reserved bit": (frame(TEXT, b"x", reserved=4), 1002),
    "a reserved opcode": (frame(0x3, b"x"), 1002),
    "a masked frame": (frame(TEXT, b"x", mask=b"abcd"), 1002),
    "a fragmented ping": (frame(PING, b"x", fin=False), 1002),
    "a ping of 126 bytes": (frame(PING, bytes(126)), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a text inside a text": (START + frame(TEXT, b"x"), 1002),
    "a length that is not the shortest": (b"\x82\x7e\x00\x05hello", 1002),
    "a length of 64 bits that is not the shortest": (b"\x82\x7f" + bytes(6) + b"\xff\xff", 1002),
    "a length with its highest bit": (b"\x82\x7f\x80" + bytes(7), 1002),
    "a message over the limit": (b"\x82\x7f" + bytes(4) + b"\x00\x10\x00\x01", 1009),
    "a Close of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a Close with 1005": (close_frame(1005), 1002),
    "a Close with an invalid reason": (frame(CLOSE, b"\x03\xe8\xff"), 1007),
    "an invalid text": (frame(TEXT, b"ab\xff"), 1007),
    "a text that is cut": (frame(TEXT, b"ab\xe2\x82"), 1007),
    "an invalid text in fragments": (START + frame(CONTINUATION, b"\x28"), 1007),
}


def bytes_of(data):
    return [data[at : at + 1] for at in range(len(data))]


def pieces_of(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def cut_behind(at):
    return Case("6.2", f"in two pieces, cut behind byte {at}", SendsSplit([STREAM[:at], STREAM[at:]]), *TOLD)


def in_pieces(size):
    return Case("6.2", f"in pieces of {size} bytes", SendsSplit(pieces_of(STREAM, size)), *TOLD)


def fault(name, data, code):
    return Case("6.2", f"{name}, byte by byte", SendsSplit(bytes_of(data)), Fails(code))


def fault_behind_message(name, data, code):
    """All in one write, a message before it and one behind it."""
    good = frame(TEXT, b"good")
    return Case(
        "6.2",
        f"{name}, between messages in one write",
        Sends(good, data, good),
        Delivers("good"),
        Fails(code),
    )


CASES = [
    Case("6.2", "in one piece", Sends(STREAM), *TOLD),
    Case("6.2", "byte by byte", SendsSplit(bytes_of(STREAM)), *TOLD),
    *map(in_pieces, (2, 3, 5, 7, 16)),
    *(cut_behind(at) for at in range(1, len(STREAM)) if at not in INSIDE_LONG_PAYLOAD),
    *(
        Case(
            "6.2", f"64 KiB cut behind byte {at}", SendsSplit([LONG[:at], LONG[at:]]), Delivers(bytes(65536))
        )
        for at in (1, 2, 3, 9, 10, 11, 1024, 32768, 65536, len(LONG) - 1)
    ),
    Case("6.2", "64 KiB in pieces of 1,000 bytes", SendsSplit(pieces_of(LONG, 1000)), Delivers(bytes(65536))),
    *(fault(name, *row) for name, row in FAULTS.items()),
    *(fault_behind_message(name, *row) for name, row in FAULTS.items() if name != "a text that is cut"),
    Case(
        "6.2",
        "a message and Close, byte by byte",
        SendsSplit(bytes_of(frame(TEXT, b"ab") + close_frame(1001, "bye"))),
        Delivers("ab"),
        EndsClosed(1001, "bye"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
