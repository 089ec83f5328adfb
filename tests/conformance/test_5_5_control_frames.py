# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 5.5: pings and pongs. Close frames are in section 7."""

import pytest
from dbus_next import Variant

from case import Case
from client_frame import read_client_frame
from harness.application import Close, Error
from harness.frames import CLOSE, CONTINUATION, PING, PONG, TEXT, close_frame, frame
from harness.waiting import within
from steps import (
    ApplicationCloses,
    Closed,
    Delivers,
    EndsClosed,
    Fails,
    Sees,
    SeesEnd,
    Sends,
    SendsSplit,
    Step,
    close_payload,
)

SIZES = [0, 1, 2, 3, 4, 16, 63, 64, 124, 125]
KINDS = {"ping": PING, "pong": PONG, "Close": CLOSE}


class AnswersPings(Step):
    """The server answers so many pings of the client's."""

    def __init__(self, count):
        self.count = count
        self.promise = f"{count} pings, masked and of at most 125 bytes"

    async def run(self, link):
        for _ in range(self.count):
            ping = await within(read_client_frame(link.peer.reader), "ping of the client's")
            assert ping.opcode == PING and ping.fin and not ping.reserved, ping
            assert ping.masking_key is not None and len(ping.payload) <= 125, ping
            await Sends(frame(PONG, ping.payload)).run(link)


class Unanswered(Step):
    """The server answers no ping and reads on."""

    ends = True
    promise = "Error 200 (timeout), Close(1006)"

    async def run(self, link):
        error = await link.websocket.next(Error)
        assert (error.code, error.stage) == (200, "timeout"), error
        assert await link.websocket.next(Close) == Close(1006, "")


def ping_of(size):
    payload = bytes(range(0xFF, 0xFF - size, -1))
    return Case("5.5.2", f"ping of {size} bytes", Sends(frame(PING, payload)), Sees(PONG, payload))


def pong_of(size):
    return Case("5.5.3", f"unasked pong of {size} bytes", Sends(frame(PONG, b"\xff" * size)))


def oversized(kind, size):
    return Case(
        "5.5",
        f"{kind} of {size} bytes",
        Sends(frame(KINDS[kind], b"\x03\xe8" + b"x" * (size - 2))),
        Fails(1002),
    )


def long_length(kind, length, size):
    header = bytes([0x80 | KINDS[kind], 126 if size == 2 else 127]) + length.to_bytes(size, "big")
    return Case(
        "5.5", f"{kind} with its length {length} in {size} bytes", Sends(header, bytes(length)), Fails(1002)
    )


def fragmented(kind):
    opcode = KINDS[kind]
    return [
        Case("5.5", f"{kind} that is not final", Sends(frame(opcode, b"", fin=False)), Fails(1002)),
        Case(
            "5.5",
            f"{kind} in two fragments",
            Sends(frame(opcode, b"\x03\xe8", fin=False), frame(CONTINUATION, b"x")),
            Fails(1002),
        ),
        Case(
            "5.5",
            f"{kind} that is not final, inside a message",
            Sends(frame(TEXT, b"a", fin=False), frame(opcode, b"", fin=False)),
            Fails(1002),
        ),
    ]


def options(**seconds):
    return {key: Variant("u", value) for key, value in seconds.items()}


TEN = [b"%d" % number for number in range(10)]

CASES = [
    *map(ping_of, SIZES),
    *map(pong_of, SIZES),
    *(oversized(kind, size) for kind in KINDS for size in (126, 127, 65536)),
    *(
        long_length(kind, length, size)
        for kind in KINDS
        for length, size in ((0, 2), (2, 2), (125, 2), (2, 8))
    ),
    *(case for kind in KINDS for case in fragmented(kind)),
    Case(
        "5.5.2",
        "ten pings in one write",
        Sends(*(frame(PING, each) for each in TEN)),
        *(Sees(PONG, each) for each in TEN),
    ),
    Case(
        "5.5.2",
        "ten pings one at a time",
        SendsSplit([frame(PING, each) for each in TEN]),
        *(Sees(PONG, each) for each in TEN),
    ),
    Case(
        "5.5.2",
        "1,000 pings in one write",
        Sends(frame(PING, b"x" * 100) * 1000),
        *[Sees(PONG, b"x" * 100)] * 1000,
    ),
    Case(
        "5.5.2",
        "ping byte by byte",
        SendsSplit([bytes([byte]) for byte in frame(PING, b"slow")]),
        Sees(PONG, b"slow"),
    ),
    Case(
        "5.5.2",
        "ping between messages",
        Sends(frame(TEXT, b"a"), frame(PING, b"x"), frame(TEXT, b"b")),
        Delivers("a"),
        Delivers("b"),
        Sees(PONG, b"x"),
    ),
    Case(
        "5.5.2",
        "ping of all byte values",
        Sends(frame(PING, bytes(range(125))), frame(PING, bytes(range(131, 256)))),
        Sees(PONG, bytes(range(125))),
        Sees(PONG, bytes(range(131, 256))),
    ),
    Case(
        "5.5.2",
        "ping while the application closes",
        ApplicationCloses(3000),
        Sees(CLOSE, close_payload(3000)),
        Sends(frame(PING, b"late")),
        Sees(PONG, b"late"),
        Sends(close_frame(3000)),
        Closed(3000),
        SeesEnd(),
    ),
    Case(
        "5.5.2",
        "ping and Close in one write",
        Sends(frame(PING, b"x"), close_frame(1000)),
        Sees(PONG, b"x"),
        EndsClosed(1000),
    ),
    Case("5.5.2", "ping behind Close", Sends(close_frame(1000), frame(PING, b"x")), EndsClosed(1000)),
    Case("5.5.3", "ten unasked pongs", Sends(frame(PONG, b"x") * 10)),
    Case("5.5.3", "unasked pong, then ping", Sends(frame(PONG, b"x"), frame(PING, b"y")), Sees(PONG, b"y")),
    Case("5.5.3", "unasked pong byte by byte", SendsSplit([bytes([byte]) for byte in frame(PONG, b"slow")])),
    Case(
        "5.5.2",
        "the client's own pings",
        AnswersPings(2),
        ApplicationCloses(),
        Sees(CLOSE, close_payload(1000)),
        Sends(close_frame(1000)),
        Closed(1000),
        SeesEnd(),
        options=options(pingInterval=1, pongTimeout=10),
    ),
    Case(
        "5.5.2", "the client's pings unanswered", Unanswered(), options=options(pingInterval=1, pongTimeout=1)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
