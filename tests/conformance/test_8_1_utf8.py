# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 8.1: text is UTF-8 (RFC 3629). Section 5.6: of a message as a whole, so a character may be cut
by fragments. An invalid byte ends the connection when it arrives, not when its message is whole."""

import pytest

from case import Case
from harness.frames import BINARY, CONTINUATION, PING, PONG, TEXT, frame
from steps import Delivers, Fails, Sees, Sends, SendsSplit

VALID = {
    "U+0000": "\0",
    "U+007F": "\x7f",
    "U+0080, the first of two bytes": "\x80",
    "U+00FC": "\xfc",
    "U+07FF, the last of two bytes": "\u07ff",
    "U+0800, the first of three bytes": "\u0800",
    "U+0FFF": "\u0fff",
    "U+1000": "\u1000",
    "U+20AC": "\u20ac",
    "U+D7FF, before the surrogates": "\ud7ff",
    "U+E000, behind the surrogates": "\ue000",
    "U+FDD0, a noncharacter": "\ufdd0",
    "U+FEFF, a byte order mark": "\ufeff",
    "U+FFFD": "\ufffd",
    "U+FFFE, a noncharacter": "\ufffe",
    "U+FFFF, the last of three bytes": "\uffff",
    "U+10000, the first of four bytes": "\U00010000",
    "U+1F600": "\U0001f600",
    "U+1FFFE, a noncharacter": "\U0001fffe",
    "U+3FFFF": "\U0003ffff",
    "U+40000": "\U00040000",
    "U+FFFFF": "\U000fffff",
    "U+100000": "\U00100000",
    "U+10FFFF, the last": "\U0010ffff",
}

TEXTS = {
    "Greek": "\u03ba\u03cc\u03c3\u03bc\u03b5",
    "decomposed": "u\u0308ber",
    "right to left": "\u05e9\u05dc\u05d5\u05dd",
    "control characters": "a\0b\r\nc\x1bd",
    "every length in turn": "a\xfc\u20ac\U0001f600" * 1000,
}

# Each invalid sequence, and how many of its bytes show that; None: only its end does.
INVALID = {
    "80, a continuation alone": (b"\x80", 1),
    "BF, a continuation alone": (b"\xbf", 1),
    "two continuations": (b"\x80\xbf", 1),
    "continuation behind ASCII": (b"a\x80", 2),
    "continuation behind a character": (b"\xc3\xbc\xbc", 3),
    "C0 80, overlong": (b"\xc0\x80", 1),
    "C0 AF, overlong": (b"\xc0\xaf", 1),
    "C1 BF, overlong": (b"\xc1\xbf", 1),
    "E0 80 80, overlong": (b"\xe0\x80\x80", 2),
    "E0 80 AF, overlong": (b"\xe0\x80\xaf", 2),
    "E0 9F BF, overlong": (b"\xe0\x9f\xbf", 2),
    "F0 80 80 80, overlong": (b"\xf0\x80\x80\x80", 2),
    "F0 80 80 AF, overlong": (b"\xf0\x80\x80\xaf", 2),
    "F0 8F BF BF, overlong": (b"\xf0\x8f\xbf\xbf", 2),
    "F8 88 80 80 80, of five bytes": (b"\xf8\x88\x80\x80\x80", 1),
    "FC 84 80 80 80 80, of six bytes": (b"\xfc\x84\x80\x80\x80\x80", 1),
    "F4 90 80 80, U+110000": (b"\xf4\x90\x80\x80", 2),
    "F5 80 80 80": (b"\xf5\x80\x80\x80", 1),
    "F7 BF BF BF": (b"\xf7\xbf\xbf\xbf", 1),
    "FE": (b"\xfe", 1),
    "FF": (b"\xff", 1),
    "FE FE FF FF": (b"\xfe\xfe\xff\xff", 1),
    "ED A0 80, U+D800": (b"\xed\xa0\x80", 2),
    "ED AD BF, U+DB7F": (b"\xed\xad\xbf", 2),
    "ED AE 80, U+DB80": (b"\xed\xae\x80", 2),
    "ED AF BF, U+DBFF": (b"\xed\xaf\xbf", 2),
    "ED B0 80, U+DC00": (b"\xed\xb0\x80", 2),
    "ED BF BF, U+DFFF": (b"\xed\xbf\xbf", 2),
    "ED A0 80 ED B0 80, a pair of surrogates": (b"\xed\xa0\x80\xed\xb0\x80", 2),
    "C3 28, no continuation": (b"\xc3\x28", 2),
    "C3 C3, a lead behind a lead": (b"\xc3\xc3", 2),
    "E2 28 A1": (b"\xe2\x28\xa1", 2),
    "E2 82 28": (b"\xe2\x82\x28", 3),
    "E2 82 C0": (b"\xe2\x82\xc0", 3),
    "F0 28 8C BC": (b"\xf0\x28\x8c\xbc", 2),
    "F0 90 28 BC": (b"\xf0\x90\x28\xbc", 3),
    "F0 90 8C 28": (b"\xf0\x90\x8c\x28", 4),
    "F0 90 8C FF": (b"\xf0\x90\x8c\xff", 4),
    "invalid behind valid": (b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80", 9),
    "invalid behind 64 KiB": (b"*" * 65536 + b"\xff", 65537),
    "C3, cut": (b"\xc3", None),
    "E2, cut": (b"\xe2", None),
    "E2 82, cut": (b"\xe2\x82", None),
    "F0, cut": (b"\xf0", None),
    "F0 9F, cut": (b"\xf0\x9f", None),
    "F0 9F 98, cut": (b"\xf0\x9f\x98", None),
    "cut behind valid": (b"valid \xc3\xbc \xe2\x82", None),
}


def cuts(text):
    return range(1, len(text.encode()))


def whole(name, text):
    return Case("8.1", f"valid: {name}", Sends(frame(TEXT, text.encode())), Delivers(text))


def over_fragments(name, text, cut):
    data = text.encode()
    sent = [frame(TEXT, data[:cut], fin=False), frame(CONTINUATION, data[cut:])]
    return Case(
        "5.6", f"valid, fragments of {cut} and {len(data) - cut}: {name}", Sends(*sent), Delivers(text)
    )


def over_segments(name, text, cut):
    sent = frame(TEXT, text.encode())
    at = len(sent) - len(text.encode()) + cut
    return Case(
        "8.1",
        f"valid, cut by TCP behind byte {cut}: {name}",
        SendsSplit([sent[:at], sent[at:]]),
        Delivers(text),
    )


def bytewise_fragments(name, text):
    """Each byte in a frame of its own, with a ping behind it that is answered: so it was looked at by itself."""
    data = text.encode()
    steps = []
    for at in range(len(data)):
        opcode = CONTINUATION if at else TEXT
        steps += [
            Sends(frame(opcode, data[at : at + 1], fin=False), frame(PING, b"%d" % at)),
            Sees(PONG, b"%d" % at),
        ]
    return Case(
        "5.6", f"valid, a ping behind each byte: {name}", *steps, Sends(frame(CONTINUATION)), Delivers(text)
    )


def invalid(name, data):
    return Case("8.1", f"invalid: {name}", Sends(frame(TEXT, data)), Fails(1007))


def early(name, data, shown_by):
    """The frame promises a KiB more than ever comes."""
    header = frame(TEXT, data + bytes(1024))[: -len(data) - 1024]
    return Case(
        "8.1",
        f"invalid, found before its frame is whole: {name}",
        Sends(header, data[:shown_by]),
        Fails(1007),
    )


def early_over_fragments(name, data, shown_by):
    """The message never ends; the byte that shows it is the first of a fragment."""
    before = data[: shown_by - 1]
    sent = [frame(TEXT, before, fin=False), frame(CONTINUATION, data[shown_by - 1 : shown_by], fin=False)]
    return Case("5.6", f"invalid, found before its message is whole: {name}", Sends(*sent), Fails(1007))


def cut_at_the_end(name, data):
    """It would be valid if the message went on."""
    return [
        Case(
            "5.6",
            f"at the end of the last fragment: {name}",
            Sends(frame(TEXT, data, fin=False), frame(CONTINUATION)),
            Fails(1007),
        ),
        Case(
            "5.6",
            f"at the end of the first fragment, ASCII behind it: {name}",
            Sends(frame(TEXT, data, fin=False), frame(CONTINUATION, b"x", fin=False)),
            Fails(1007),
        ),
    ]


SHOWN = {name: row for name, row in INVALID.items() if row[1] is not None}
CUT = {name: row[0] for name, row in INVALID.items() if row[1] is None}

CASES = [
    *(whole(name, text) for name, text in (VALID | TEXTS).items()),
    *(over_fragments(name, text, cut) for name, text in VALID.items() for cut in cuts(text)),
    *(over_segments(name, text, cut) for name, text in VALID.items() for cut in cuts(text)),
    *(bytewise_fragments(name, text) for name, text in TEXTS.items() if len(text) < 100),
    *(invalid(name, data) for name, (data, _) in INVALID.items()),
    *(early(name, *row) for name, row in SHOWN.items()),
    *(early_over_fragments(name, *row) for name, row in SHOWN.items() if row[1] > 1),
    *(case for name, data in CUT.items() for case in cut_at_the_end(name, data)),
    Case("5.6", "binary need not be UTF-8", Sends(frame(BINARY, b"\xff\xfe\x80")), Delivers(b"\xff\xfe\x80")),
    Case("5.6", "nor a ping", Sends(frame(PING, b"\xff\xfe\x80")), Sees(PONG, b"\xff\xfe\x80")),
    Case(
        "5.6",
        "a ping between the bytes of a character counts for nothing",
        Sends(frame(TEXT, b"\xe2", fin=False), frame(PING, b"\xff"), frame(CONTINUATION, b"\x82\xac")),
        Sees(PONG, b"\xff"),
        Delivers("\u20ac"),
    ),
    Case(
        "5.6",
        "a text behind one that was cut starts anew",
        Sends(frame(TEXT, b"\xe2", fin=False), frame(CONTINUATION, b"\x82\xac"), frame(TEXT, b"a")),
        Delivers("\u20ac"),
        Delivers("a"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
