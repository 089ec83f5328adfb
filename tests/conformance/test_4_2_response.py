# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 4.2.2: the server's answer to the opening handshake, and what section 4.1 has the client do
with one that deviates."""

import base64
import functools
import hashlib

import pytest

from case import Answers, Case
from harness import frames
from harness.frames import accept_key, response
from steps import Delivers, FailsToOpen, HalfCloses, Opens, Resets, Sends, SendsSplit, Step

LINE = "HTTP/1.1 101 Switching Protocols"


def answer(key, *lines, status=LINE, accept=None):
    """Exactly these lines; with ACCEPT its field too."""
    fields = [f"Sec-WebSocket-Accept: {accept_key(key)}"] if accept is None else [accept] if accept else []
    return "\r\n".join([status, *lines, *fields, "", ""]).encode("latin-1")


def with_fields(*fields, **changes):
    return lambda key: response(key, *fields, **changes)


def with_accept(make):
    """MAKE makes another Sec-WebSocket-Accept of the right one."""
    return lambda key: response(key, accept=make(accept_key(key)))


UPGRADE = ("Upgrade: websocket", "Connection: Upgrade")

OPENING = {
    "names in lower case": lambda key: answer(
        key, "upgrade: websocket", "connection: Upgrade", accept=f"sec-websocket-accept: {accept_key(key)}"
    ),
    "names in upper case": lambda key: answer(
        key, "UPGRADE: websocket", "CONNECTION: Upgrade", accept=f"SEC-WEBSOCKET-ACCEPT: {accept_key(key)}"
    ),
    "Upgrade in mixed case": with_fields(upgrade="WebSocket"),
    "Connection in lower case": with_fields(connection="upgrade"),
    "Connection with another token before": with_fields(connection="keep-alive, Upgrade"),
    "Connection with another token behind": with_fields(connection="Upgrade,keep-alive"),
    "Connection in two fields": with_fields("Connection: Upgrade", connection="keep-alive"),
    "fields in another order": lambda key: answer(key, *reversed(UPGRADE)),
    "accept first": lambda key: answer(key, f"Sec-WebSocket-Accept: {accept_key(key)}", *UPGRADE, accept=""),
    "another reason phrase": with_fields(status="HTTP/1.1 101 Web Socket Protocol Handshake"),
    "empty reason phrase": with_fields(status="HTTP/1.1 101 "),
    "no white space behind the colon": lambda key: response(key).replace(b": ", b":"),
    "white space round the values": lambda key: answer(
        key,
        "Upgrade: \t websocket \t",
        "Connection:  Upgrade ",
        accept=f"Sec-WebSocket-Accept:\t{accept_key(key)} ",
    ),
    "fields of no concern": with_fields("Server: x", "Date: today", "Set-Cookie: a=1", "X-Empty:"),
    "63 KiB of fields": with_fields("X-Long: " + "x" * 63 * 1024),
    "500 fields": with_fields(*(f"X-{number}: x" for number in range(500))),
    "interim 100 before": lambda key: b"HTTP/1.1 100 Continue\r\n\r\n" + response(key),
    "interim 103 with fields before": lambda key: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    + response(key),
    "three interim answers before": lambda key: b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + response(key),
}

REFUSED = {
    "no Upgrade": with_fields(upgrade=None),
    "empty Upgrade": lambda key: answer(key, "Upgrade:", "Connection: Upgrade"),
    "Upgrade to another": with_fields(upgrade="h2c"),
    "Upgrade to a prefix": with_fields(upgrade="websock"),
    "Upgrade with a version": with_fields(upgrade="websocket/13"),
    "Upgrade to websocket and another": with_fields(upgrade="websocket, h2c"),
    "Upgrade in two fields": with_fields("Upgrade: h2c"),
    "no Connection": with_fields(connection=None),
    "empty Connection": lambda key: answer(key, "Upgrade: websocket", "Connection:"),
    "Connection close": with_fields(connection="close"),
    "Connection of a longer token": with_fields(connection="Upgraded"),
    "no accept": with_fields(accept=False),
    "empty accept": lambda key: answer(key, *UPGRADE, accept="Sec-WebSocket-Accept:"),
    "accept of another key": with_fields(accept=accept_key("dGhlIHNhbXBsZSBub25jZQ==")),
    "accept is the key": lambda key: response(key, accept=key),
    "accept without the GUID": lambda key: response(
        key, accept=base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    ),
    "accept in hexadecimal": lambda key: response(key, accept=base64.b64decode(accept_key(key)).hex()),
    "accept in lower case": with_accept(lambda accept: accept.lower() if accept != accept.lower() else "x"),
    "accept without its padding": with_accept(lambda accept: accept.rstrip("=")),
    "accept with more behind": with_accept(lambda accept: accept + "A"),
    "accept in quotes": with_accept(lambda accept: f'"{accept}"'),
    "accept twice": lambda key: response(key, f"Sec-WebSocket-Accept: {accept_key(key)}"),
    "accept right and wrong": lambda key: response(key, "Sec-WebSocket-Accept: x"),
    "HTTP/1.0": with_fields(status="HTTP/1.0 101 Switching Protocols"),
    "HTTP/2": with_fields(status="HTTP/2.0 101 Switching Protocols"),
    "HTTP/0.9": with_fields(status="HTTP/0.9 101 Switching Protocols"),
    "another protocol": with_fields(status="ICY/1.1 101 Switching Protocols"),
    "status of four digits": with_fields(status="HTTP/1.1 1010 Switching Protocols"),
    "status of two digits": with_fields(status="HTTP/1.1 10 Switching Protocols"),
    "negative status": with_fields(status="HTTP/1.1 -101 Switching Protocols"),
    "no status": with_fields(status="HTTP/1.1"),
    "interim 100 and nothing": lambda key: b"HTTP/1.1 100 Continue\r\n\r\n"
    + response(key, status="HTTP/1.1 200 OK"),
    "NUL in a field": with_fields("X-Nul: a\0b"),
    "70 KiB of fields": with_fields("X-Long: " + "x" * 70 * 1024),
    "600 fields": with_fields(*(f"X-{number}: x" for number in range(600))),
    "no HTTP": lambda key: b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "binary": lambda key: bytes(range(256)) * 4 + b"\r\n\r\n",
    "nothing but an empty line": lambda key: b"\r\n\r\n",
    "a frame in place of HTTP": lambda key: frames.frame(frames.TEXT, b"hello\r\n\r\n"),
}

STATUSES = [200, 204, 301, 302, 303, 307, 308, 400, 401, 403, 404, 407, 426, 429, 500, 502, 503]

EXTENSIONS = {
    "permessage-deflate": "permessage-deflate",
    "permessage-deflate with a parameter": "permessage-deflate; client_max_window_bits=15",
    "two extensions": "permessage-deflate, x-other",
    "an unknown extension": "x-unheard-of",
    "an empty list": "",
}

CHOICES = {  # offered, chosen, whether it opens
    "first of two": ("chat, super", ["chat"], True),
    "second of two": ("chat, super", ["super"], True),
    "none of two": ("chat, super", [], True),
    "one where none was offered": ("", ["chat"], False),
    "another than was offered": ("chat", ["super"], False),
    "in another case": ("chat", ["Chat"], False),
    "a prefix": ("chat", ["cha"], False),
    "both in one field": ("chat, super", ["chat, super"], False),
    "both in two fields": ("chat, super", ["chat", "super"], False),
    "the same twice": ("chat", ["chat", "chat"], False),
    "an empty one": ("chat", [""], False),
}

GOOD_FRAME = frames.frame(frames.TEXT, b"early")
HALF_ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConn"

ENDS = {
    "before a byte": "",
    "in the status line": "HTTP/1.1 10",
    "behind the status line": "HTTP/1.1 101 Switching Protocols\r\n",
    "in a field": HALF_ANSWER,
    "before the empty line": HALF_ANSWER + "ection: Upgrade\r\n",
    "in lines that end in LF alone": "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n\n",
}


class AnswersSplit(Step):
    """The answer and a frame behind it; each piece of PIECES(bytes) is read before the next is sent."""

    def __init__(self, pieces):
        self.pieces = pieces

    async def run(self, link):
        await SendsSplit(self.pieces(response(link.peer.key) + GOOD_FRAME)).run(link)


def bytes_of(data):
    return [data[at : at + 1] for at in range(len(data))]


def split_before(behind, data):
    """In two, BEHIND bytes before the frame."""
    at = len(data) - len(GOOD_FRAME) - behind
    return [data[:at], data[at:]]


def opening(name, make_answer):
    return Case("4.2.2", name, handshake=(Answers(make_answer), Opens()))


def refused(name, make_answer):
    return Case("4.1", name, handshake=(Answers(make_answer), FailsToOpen()))


def status(number):
    return Case(
        "4.1",
        f"status {number}",
        handshake=(
            Answers(lambda key: response(key, "Content-Length: 0", status=f"HTTP/1.1 {number} X")),
            FailsToOpen(),
        ),
    )


def extension(name, value):
    field = f"Sec-WebSocket-Extensions: {value}"
    return Case(
        "9.1", f"server chooses {name}", handshake=(Answers(lambda key: response(key, field)), FailsToOpen())
    )


def choice(name, offered, chosen, opens):
    fields = [f"Sec-WebSocket-Protocol: {each}" for each in chosen]
    end = Opens(chosen[0] if chosen else "") if opens else FailsToOpen()
    return Case(
        "4.2.2" if opens else "4.1",
        f"subprotocol: {name}",
        options={"protocol": offered},
        handshake=(Answers(lambda key: response(key, *fields)), end),
    )


def ends(name, start, step):
    return Case(
        "4.1",
        f"TCP {'ends' if isinstance(step, HalfCloses) else 'is reset'} {name}",
        handshake=(Sends(start.encode()), step, FailsToOpen()),
    )


def split(name, pieces):
    return Case("4.2.2", name, handshake=(AnswersSplit(pieces), Opens(), Delivers("early")))


CASES = [
    *(opening(name, make) for name, make in OPENING.items()),
    *(refused(name, make) for name, make in REFUSED.items()),
    Case(
        "4.1",
        "line without a colon",
        handshake=(Answers(with_fields("no colon in it")), Opens()),
        deviation="libsoup's parser passes over such a line, and so makes nothing of it that was not meant.",
    ),
    *map(status, STATUSES),
    *(extension(name, value) for name, value in EXTENSIONS.items()),
    *(choice(name, *row) for name, row in CHOICES.items()),
    *(ends(name, start, HalfCloses()) for name, start in ENDS.items()),
    *(ends(name, start, Resets()) for name, start in list(ENDS.items())[:4]),
    Case(
        "4.2.2",
        "a frame in the same packet",
        handshake=(Answers(after=GOOD_FRAME), Opens(), Delivers("early")),
    ),
    Case(
        "4.2.2",
        "half a frame in the same packet",
        handshake=(Answers(after=GOOD_FRAME[:4]), Opens(), Sends(GOOD_FRAME[4:]), Delivers("early")),
    ),
    split("byte by byte, with a frame behind", bytes_of),
    *(
        split(f"in two packets, {behind} bytes before the frame", functools.partial(split_before, behind))
        for behind in (-1, 1, 2, 3, 4, 5)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
