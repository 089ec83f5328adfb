# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 10.6: the same over TLS, where what is read comes in records, a good-bye of its own goes before the
end of TCP, and bytes may be left that the socket does not show."""

import functools

import pytest

from case import Case
from harness.frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, close_frame, frame
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
    Resets,
    Sees,
    SeesEnd,
    Sends,
    SendsSplit,
    close_payload,
)

secure = functools.partial(Case, "10.6", secure=True)

STREAM = [
    frame(TEXT, b"ab"),
    frame(TEXT, b"\xe2", fin=False),
    frame(PING, b"?"),
    frame(CONTINUATION, b"\x82\xac"),
    frame(BINARY, bytes(70000)),
]
TOLD = [Sees(PONG, b"?"), Delivers("ab"), Delivers("\u20ac"), Delivers(bytes(70000))]
BEGINNING = b"".join(STREAM)[:30]
REST = b"".join(STREAM)[30:]
CLOSING = (ApplicationCloses(3000), Sees(CLOSE, close_payload(3000)))

CASES = [
    secure("all in one write", Sends(*STREAM), *TOLD),
    secure("a record for each frame", SendsSplit(STREAM), *TOLD),
    secure("a record for each byte", SendsSplit([*(bytes([byte]) for byte in BEGINNING), REST]), *TOLD),
    secure(
        "messages of the application",
        ApplicationSends("a"),
        ApplicationSends(bytes(2**20)),
        Sees(TEXT, b"a"),
        Sees(BINARY, bytes(2**20)),
    ),
    secure("server closes", Sends(close_frame(1001, "bye")), EndsClosed(1001, "bye")),
    secure("server closes and ends at once", HalfCloses(close_frame(1001, "bye")), EndsClosed(1001, "bye")),
    secure(
        "message, Close and the end at once",
        HalfCloses(frame(TEXT, b"last") + close_frame(1001)),
        Delivers("last"),
        EndsClosed(1001),
    ),
    secure(
        "ping, Close and the end at once",
        HalfCloses(frame(PING, b"x") + close_frame(1012)),
        Sees(PONG, b"x"),
        EndsClosed(1012),
    ),
    secure("application closes", *CLOSING, Sends(close_frame(3000)), Closed(3000), SeesEnd()),
    secure("the end in place of the server's Close", *CLOSING, HalfCloses(), Closed(1006), SeesEnd()),
    secure("the end without Close", HalfCloses(), Lost()),
    secure(
        "message and the end without Close at once",
        HalfCloses(frame(TEXT, b"last")),
        Delivers("last"),
        Lost(),
    ),
    secure("the end in a frame", HalfCloses(frame(TEXT, b"last")[:3]), Lost()),
    secure("reset", Resets(), Lost()),
    secure(
        "reset behind the closing handshake",
        Sends(close_frame(1000)),
        Sees(CLOSE, close_payload(1000)),
        Resets(),
        Closed(1000),
        Over(),
    ),
    secure("a frame at fault", Sends(frame(0x3)), Fails(1002)),
    secure("invalid UTF-8 in a frame that does not end", Sends(frame(TEXT, b"ab\xffcd")[:-2]), Fails(1007)),
    secure("a message over the limit", Sends(b"\x82\x7f" + bytes(4) + b"\x00\x10\x00\x01"), Fails(1009)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
