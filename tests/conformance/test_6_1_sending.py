# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 6.1: what goes out when the application sends. Sees() looks at the header of every frame: whole,
no reserved bit, masked, the length in its shortest form."""

import pytest

from case import Case
from harness.frames import BINARY, PING, PONG, TEXT, frame
from steps import ApplicationSends, Refused, Sees, Sends

LENGTHS = [0, 1, 125, 126, 127, 65535, 65536, 2**20]
LIMIT = 2**20  # MaxMessageSize of the service that the cases are played with

TEXTS = {
    "two bytes a character": "\xfcber",
    "three bytes a character": "\u20ac",
    "four bytes a character": "\U0001f600",
    "U+0000": "a\0b",
    "noncharacters": "\ufdd0\uffff\U0001ffff",
    "a byte order mark": "\ufeffx",
    "the last character": "\U0010ffff",
}


def text_of(length):
    return Case("6.1", f"text of {length} bytes", ApplicationSends("x" * length), Sees(TEXT, b"x" * length))


def binary_of(length):
    payload = (bytes(range(256)) * (length // 256 + 1))[:length]
    return Case("6.1", f"binary of {length} bytes", ApplicationSends(payload), Sees(BINARY, payload))


def text(name, data):
    return Case("6.1", f"text: {name}", ApplicationSends(data), Sees(TEXT, data.encode()))


CASES = [
    *map(text_of, LENGTHS),
    *map(binary_of, LENGTHS),
    *(text(name, data) for name, data in TEXTS.items()),
    Case(
        "6.1",
        "200 messages keep their order",
        *(ApplicationSends(str(n)) for n in range(200)),
        *(Sees(TEXT, b"%d" % n) for n in range(200)),
    ),
    Case(
        "6.1",
        "text and binary in turn",
        *[ApplicationSends("t"), ApplicationSends(b"b")] * 10,
        *[Sees(TEXT, b"t"), Sees(BINARY, b"b")] * 10,
    ),
    Case(
        "6.1",
        "every length in turn",
        *(ApplicationSends(bytes(n)) for n in LENGTHS),
        *(Sees(BINARY, bytes(n)) for n in LENGTHS),
    ),
    Case("6.1", "a message over the limit", Refused(401, ApplicationSends(bytes(LIMIT + 1)))),
    Case("6.1", "a text over the limit", Refused(401, ApplicationSends("x" * (LIMIT + 1)))),
    Case(
        "5.4",
        "a pong is never inside a message",
        Sends(frame(PING, b"x")),
        ApplicationSends(bytes(LIMIT)),
        Sees(PONG, b"x"),
        Sees(BINARY, bytes(LIMIT)),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
