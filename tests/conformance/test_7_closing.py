# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 sections 5.5.1, 7 and 10.7: how a connection ends."""

import pytest

from case import Case
from harness import frames
from harness.frames import CLOSE, CONTINUATION, PING, TEXT, close_frame, frame
from steps import (
    ApplicationCloses,
    ApplicationSends,
    Closed,
    Delivers,
    EndsClosed,
    Fails,
    HalfCloses,
    Lost,
    Over,
    Refused,
    Releases,
    Resets,
    Sees,
    SeesEnd,
    Sends,
    SendsSplit,
    close_payload,
)

MAY_TRAVEL = [*range(1000, 1004), *range(1007, 1015), 3000, 3001, 3999, 4000, 4001, 4999]
MAY_NOT = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 9999, 65535]
CLIENT_MAY_SEND = [*range(1000, 1004), *range(1007, 1012), 3000, 3999, 4000, 4999]
CLIENT_MAY_NOT = [0, 999, 1004, 1005, 1006, *range(1012, 1017), 2000, 2999, 5000, 65535]

REASONS = {
    "ASCII": "bye",
    "two bytes a character": "\xfcber",
    "four bytes a character": "\U0001f600",
    "123 bytes": "x" * 123,
    "123 bytes, three a character": "\u20ac" * 41,
}

INVALID_REASONS = {
    "FF": b"\xff",
    "a continuation alone": b"\x80",
    "overlong": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "U+110000": b"\xf4\x90\x80\x80",
    "cut at its end": b"bye \xe2\x82",
    "invalid behind valid": b"bye\xffbye",
}

BEHIND_CLOSE = {
    "a text": frame(TEXT, b"late"),
    "a ping": frame(PING, b"late"),
    "another Close": close_frame(4000, "late"),
    "a frame at fault": frame(0x3, b"late"),
    "invalid UTF-8": frame(TEXT, b"\xff"),
    "half a frame": frame(TEXT, b"late")[:3],
    "a MiB": bytes(2**20),
}

CUT = {
    "between frames": b"",
    "in a header": b"\x81",
    "in a long header": b"\x81\x7e\x01",
    "in a payload": frame(TEXT, b"whole")[:4],
    "inside a message": frame(TEXT, b"start", fin=False),
    "in a Close frame": close_frame(1000)[:3],
}


def bytewise(data):
    return SendsSplit([data[at : at + 1] for at in range(len(data))])


def received(code, reason=""):
    return Case(
        "7.4",
        f"server closes with {code}{' and a reason' if reason else ''}",
        Sends(close_frame(code, reason)),
        EndsClosed(code, reason),
    )


def received_wrong(code):
    return Case("7.4", f"server closes with {code}", Sends(close_frame(code, "why")), Fails(1002))


def behind(name, data):
    return [
        Case("5.5.1", f"{name} behind Close, in one write", Sends(close_frame(1000), data), EndsClosed(1000)),
        Case(
            "5.5.1",
            f"{name} behind Close, when that is answered",
            Sends(close_frame(1001)),
            Sees(CLOSE, close_payload(1001)),
            Sends(data),
            Closed(1001),
            SeesEnd(),
        ),
    ]


def sent(code, reason=""):
    return Case(
        "7.4",
        f"application closes with {code}{' and a reason' if reason else ''}",
        ApplicationCloses(code, reason),
        Sees(CLOSE, close_payload(code, reason)),
        Sends(close_frame(code, reason)),
        Closed(code, reason),
        SeesEnd(),
    )


def refused_code(code):
    return Case("7.4", f"application closes with {code}", Refused(401, ApplicationCloses(code)))


def lost(name, data):
    return [
        Case("7.1.5", f"TCP ends {name}", Sends(data), HalfCloses(), Lost()),
        Case("7.1.5", f"TCP is reset {name}", SendsSplit([data]), Resets(), Lost()),
    ]


FAULTS = {
    "a frame at fault": frame(0x3),
    "invalid UTF-8": frame(TEXT, b"\xff"),
    "Close with 1005": close_frame(1005),
    "Close of one byte": frame(CLOSE, b"\x03"),
    "Close with an invalid reason": frame(CLOSE, b"\x03\xe8\xff"),
}

CLOSING = (ApplicationCloses(3000, "mine"), Sees(CLOSE, close_payload(3000, "mine")))
# Its own Close has been sent, so there is no second one.
FAILS_WHILE_CLOSING = (Lost(), HalfCloses(), SeesEnd())

CASES = [
    Case("5.5.1", "Close without a code", Sends(close_frame()), EndsClosed()),
    Case("5.5.1", "Close of one byte", Sends(frame(CLOSE, b"\x03")), Fails(1002)),
    *map(received, MAY_TRAVEL),
    *(received(code, "why") for code in MAY_TRAVEL),
    *map(received_wrong, MAY_NOT),
    *(
        Case("7.1.6", f"reason: {name}", Sends(close_frame(1000, reason)), EndsClosed(1000, reason))
        for name, reason in REASONS.items()
    ),
    Case("7.1.6", "reason with U+0000", Sends(frame(CLOSE, b"\x03\xe8a\0b")), EndsClosed(1000, "a\ufffdb")),
    Case(
        "7.1.6",
        "reason with a noncharacter",
        Sends(frame(CLOSE, b"\x03\xe8a\xef\xbf\xbfb")),
        EndsClosed(1000, "a\ufffdb"),
    ),
    Case(
        "7.1.6",
        "reason of 123 bytes U+0000",
        Sends(frame(CLOSE, b"\x03\xe8" + bytes(123))),
        EndsClosed(1000, "\ufffd" * 123),
    ),
    *(
        Case("8.1", f"invalid reason: {name}", Sends(frame(CLOSE, b"\x03\xe8" + reason)), Fails(1007))
        for name, reason in INVALID_REASONS.items()
    ),
    Case("5.5.1", "Close byte by byte", bytewise(close_frame(1000, "bye")), EndsClosed(1000, "bye")),
    Case("5.5.1", "Close without a code, byte by byte", bytewise(close_frame()), EndsClosed()),
    Case(
        "5.5.1",
        "messages before Close are delivered",
        Sends(frame(TEXT, b"a"), frame(TEXT, b"b"), close_frame(1000)),
        Delivers("a"),
        Delivers("b"),
        EndsClosed(1000),
    ),
    *(case for name, data in BEHIND_CLOSE.items() for case in behind(name, data)),
    Case(
        "7.1.1",
        "the server should end TCP first",
        Sends(close_frame(1000)),
        Sees(CLOSE, close_payload(1000)),
        Closed(1000),
        SeesEnd(),
        deviation="The client ends its own direction of TCP when both Close frames have passed, and then reads to the"
        " server's end: a server that waits for the client would hold each connection for the close timeout.",
    ),
    Case(
        "7.1.1", "Close and the end of TCP at once", Sends(close_frame(1000)), HalfCloses(), EndsClosed(1000)
    ),
    Case(
        "7.1.1",
        "ping, Close and the end of TCP at once",
        Sends(frame(PING, b"x"), close_frame(1000)),
        HalfCloses(),
        Sees(frames.PONG, b"x"),
        EndsClosed(1000),
    ),
    Case(
        "7.1.1",
        "TCP is reset behind the closing handshake",
        Sends(close_frame(1000)),
        Sees(CLOSE, close_payload(1000)),
        Resets(),
        Closed(1000),
        Over(),
    ),
    *map(sent, CLIENT_MAY_SEND),
    sent(1000, "bye"),
    sent(4000, "\u20ac" * 41),
    *map(refused_code, CLIENT_MAY_NOT),
    Case("5.5", "application's reason of 124 bytes", Refused(401, ApplicationCloses(1000, "x" * 124))),
    Case(
        "7.1",
        "server answers with another code",
        *CLOSING,
        Sends(close_frame(4321, "other")),
        Closed(4321, "other"),
        SeesEnd(),
    ),
    Case("7.1", "server answers without a code", *CLOSING, Sends(close_frame()), Closed(1005), SeesEnd()),
    Case(
        "7.1", "server answers byte by byte", *CLOSING, bytewise(close_frame(3000)), Closed(3000), SeesEnd()
    ),
    Case(
        "7.1",
        "messages still come while the application closes",
        *CLOSING,
        Sends(frame(TEXT, b"late")),
        Delivers("late"),
        Sends(close_frame(3000)),
        Closed(3000),
        SeesEnd(),
    ),
    Case(
        "7.1",
        "a fragmented message ends while the application closes",
        Sends(frame(TEXT, b"a", fin=False)),
        *CLOSING,
        Sends(frame(CONTINUATION, b"b"), close_frame(3000)),
        Delivers("ab"),
        Closed(3000),
        SeesEnd(),
    ),
    Case(
        "7.1",
        "both close at once",
        ApplicationCloses(3000),
        Sends(close_frame(4000, "theirs")),
        Sees(CLOSE, close_payload(3000)),
        Closed(4000, "theirs"),
        SeesEnd(),
    ),
    Case(
        "7.1",
        "Close twice",
        *CLOSING,
        Refused(2302006, ApplicationCloses(1000)),
        Sends(close_frame(3000)),
        Closed(3000),
        SeesEnd(),
    ),
    Case(
        "5.5.1",
        "Send behind Close",
        *CLOSING,
        Refused(2302006, ApplicationSends("late")),
        Sends(close_frame(3000)),
        Closed(3000),
        SeesEnd(),
    ),
    Case(
        "5.5.1",
        "messages before the application's Close go out before it",
        ApplicationSends("a"),
        ApplicationSends(b"b"),
        ApplicationCloses(1000),
        Sees(TEXT, b"a"),
        Sees(frames.BINARY, b"b"),
        Sees(CLOSE, close_payload(1000)),
        Sends(close_frame(1000)),
        Closed(1000),
        SeesEnd(),
    ),
    Case("7.1.5", "TCP ends in place of the server's Close", *CLOSING, HalfCloses(), Closed(1006), SeesEnd()),
    Case("7.1.5", "TCP is reset in place of the server's Close", *CLOSING, Resets(), Closed(1006), Over()),
    Case("7.1.1", "server never answers Close", *CLOSING, Closed(1006), SeesEnd()),
    *(
        Case("7.1.7", f"{name} while the application closes", *CLOSING, Sends(data), *FAILS_WHILE_CLOSING)
        for name, data in FAULTS.items()
    ),
    *(case for name, data in CUT.items() for case in lost(name, data)),
    Case(
        "7.2.1",
        "the application releases the WebSocket",
        Releases(),
        Sees(CLOSE, close_payload(1001)),
        Sends(close_frame(1001)),
        SeesEnd(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
