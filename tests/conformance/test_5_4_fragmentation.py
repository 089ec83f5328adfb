# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 5.4: messages of several frames, and what may come between them."""

import pytest

from case import Case
from harness.frames import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, frame
from steps import Delivers, EndsClosed, Fails, Sees, Sends, SendsSplit

LIMIT = 2**20  # MaxMessageSize of the service that the cases are played with


def fragments(opcode, *pieces):
    """The frames of one message."""
    opcodes = [opcode] + [CONTINUATION] * (len(pieces) - 1)
    last = len(pieces) - 1
    return [frame(opcodes[at], piece, fin=at == last) for at, piece in enumerate(pieces)]


def message(pieces, opcode):
    whole = b"".join(pieces)
    return whole.decode() if opcode == TEXT else whole


def fragmented(name, *pieces):
    """As text and as binary; in one write and with each fragment read by itself."""
    cases = []
    for kind, opcode in (("text", TEXT), ("binary", BINARY)):
        sent, told = fragments(opcode, *pieces), Delivers(message(pieces, opcode))
        cases.append(Case("5.4", f"{kind}: {name}", Sends(*sent), told))
        if len(pieces) < 20:
            cases.append(Case("5.4", f"{kind}: {name}, one at a time", SendsSplit(sent), told))
    return cases


def with_between(name, between, answers):
    """BETWEEN after each of the fragments but the last."""
    one, two, three = fragments(TEXT, b"one ", b"two ", b"three")
    return [
        Case(
            "5.4",
            f"{name} behind the first fragment",
            Sends(one, between, two, three),
            *answers,
            Delivers("one two three"),
        ),
        Case(
            "5.4",
            f"{name} behind every fragment",
            Sends(one, between, two, between, three),
            *answers,
            *answers,
            Delivers("one two three"),
        ),
        Case(
            "5.4",
            f"{name} between empty fragments",
            Sends(
                frame(TEXT, fin=False), between, frame(CONTINUATION, fin=False), between, frame(CONTINUATION)
            ),
            *answers,
            *answers,
            Delivers(""),
        ),
    ]


def wrong(name, *sent, delivered=()):
    return Case("5.4", name, Sends(*sent), *map(Delivers, delivered), Fails(1002))


START, MIDDLE, LAST = (
    frame(TEXT, b"a", fin=False),
    frame(CONTINUATION, b"b", fin=False),
    frame(CONTINUATION, b"c"),
)
PINGED = frame(PING, b"between")

CASES = [
    *fragmented("two fragments", b"one ", b"two"),
    *fragmented("three fragments", b"one ", b"two ", b"three"),
    *fragmented("first fragment empty", b"", b"rest"),
    *fragmented("middle fragment empty", b"one ", b"", b"two"),
    *fragmented("last fragment empty", b"all", b""),
    *fragmented("two empty fragments", b"", b""),
    *fragmented("ten empty fragments", *[b""] * 10),
    *fragmented("one byte among empty fragments", *[b""] * 5, b"x", *[b""] * 5),
    *fragmented(
        "fragments of every form of length", b"*" * 125, b"*" * 126, b"*" * 65535, b"*" * 65536, b"*"
    ),
    *fragmented("1,000 fragments of a byte", *[b"x"] * 1000),
    *fragmented("5,000 empty fragments", *[b""] * 5000),
    *fragmented("64 fragments of 16 KiB", *[b"x" * 16384] * 64),
    *with_between("ping", PINGED, [Sees(PONG, b"between")]),
    *with_between("empty ping", frame(PING), [Sees(PONG)]),
    *with_between("pong", frame(PONG, b"unasked"), []),
    Case(
        "5.4",
        "three pings behind a fragment",
        Sends(START, *[PINGED] * 3, LAST),
        *[Sees(PONG, b"between")] * 3,
        Delivers("ac"),
    ),
    Case(
        "5.4",
        "ping answered before the message is whole",
        Sends(START, PINGED),
        Sees(PONG, b"between"),
        Sends(LAST),
        Delivers("ac"),
    ),
    Case("5.4", "Close between fragments", Sends(START, MIDDLE, close_frame(1000)), EndsClosed(1000)),
    Case(
        "5.4",
        "Close between fragments, the rest behind",
        Sends(START, close_frame(1001), LAST),
        EndsClosed(1001),
    ),
    Case(
        "5.4",
        "two fragmented messages",
        Sends(*fragments(TEXT, b"a", b"b"), *fragments(BINARY, b"c", b"d")),
        Delivers("ab"),
        Delivers(b"cd"),
    ),
    Case(
        "5.4",
        "fragmented, whole, fragmented",
        Sends(*fragments(BINARY, b"a", b"b"), frame(TEXT, b"whole"), *fragments(TEXT, b"c", b"d")),
        Delivers(b"ab"),
        Delivers("whole"),
        Delivers("cd"),
    ),
    Case(
        "5.4",
        "fragments of exactly the limit",
        Sends(*fragments(BINARY, *[bytes(LIMIT // 4)] * 4)),
        Delivers(bytes(LIMIT)),
    ),
    Case(
        "5.4",
        "fragments over the limit by a byte",
        Sends(*fragments(BINARY, *[bytes(LIMIT // 4)] * 4, b"x")),
        Fails(1009),
    ),
    Case(
        "5.4",
        "the fragment that would exceed the limit",
        Sends(frame(BINARY, bytes(LIMIT), fin=False), b"\x00\x01"),
        Fails(1009),
    ),
    wrong("continuation first", LAST),
    wrong("continuation first, not final", MIDDLE),
    wrong("empty continuation first", frame(CONTINUATION)),
    wrong("continuation of a whole message", frame(TEXT, b"whole"), LAST, delivered=["whole"]),
    wrong("continuation of a message that has ended", START, LAST, LAST, delivered=["ac"]),
    wrong("not final continuation of one that has ended", START, LAST, MIDDLE, delivered=["ac"]),
    wrong("continuation behind a ping alone", frame(PONG), MIDDLE),
    wrong("text inside a text", START, frame(TEXT, b"whole")),
    wrong("binary inside a text", START, frame(BINARY, b"whole")),
    wrong("text inside a binary", frame(BINARY, b"a", fin=False), frame(TEXT, b"whole")),
    wrong("binary inside a binary", frame(BINARY, b"a", fin=False), frame(BINARY, b"whole")),
    wrong("a second beginning", START, START),
    wrong("a second beginning of another type", START, frame(BINARY, b"a", fin=False)),
    wrong("empty text inside a text", START, frame(TEXT)),
    wrong("text behind a middle fragment", START, MIDDLE, frame(TEXT, b"whole")),
    Case(
        "5.4",
        "text inside a text, behind a ping",
        Sends(START, PINGED, frame(TEXT, b"x")),
        Sees(PONG, b"between"),
        Fails(1002),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
