# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 6455 section 5.2: lengths, reserved bits, opcodes. Section 5.1: a server does not mask."""

import pytest

from case import Case
from harness import frames
from steps import Delivers, Fails, Sends

LENGTHS = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 1000, 65534, 65535, 65536, 65537, 2**20]
LIMIT = 2**20  # MaxMessageSize of the service that the cases are played with

OPCODES = {
    "text": frames.TEXT,
    "binary": frames.BINARY,
    "close": frames.CLOSE,
    "ping": frames.PING,
    "pong": frames.PONG,
}
RESERVED_OPCODES = [*range(0x3, 0x8), *range(0xB, 0x10)]

START = frames.frame(frames.TEXT, b"start", fin=False)


def text_of(length):
    return Case(
        "5.2",
        f"text of {length} bytes",
        Sends(frames.frame(frames.TEXT, b"*" * length)),
        Delivers("*" * length),
    )


def binary_of(length):
    payload = (bytes(range(256)) * (length // 256 + 1))[:length]
    return Case(
        "5.2",
        f"binary of {length} bytes",
        Sends(frames.frame(frames.BINARY, payload)),
        Delivers(payload),
    )


def long_form(opcode, length, size):
    """LENGTH in SIZE bytes, be it too many."""
    return bytes([0x80 | opcode, 126 if size == 2 else 127]) + length.to_bytes(size, "big")


def not_shortest(kind, length, size):
    return Case(
        "5.2",
        f"{kind} with its length {length} in {size} bytes",
        Sends(long_form(OPCODES[kind], length, size) + bytes(length)),
        Fails(1002),
    )


def too_long(length, code):
    """Only the header: the service does not wait for the rest."""
    return Case(
        "5.2",
        f"length 0x{length:x}",
        Sends(long_form(frames.BINARY, length, 8)),
        Fails(code),
    )


def reserved_bits(kind, bits):
    return Case(
        "5.2",
        f"{kind} with reserved bits {bits:03b}",
        Sends(frames.frame(OPCODES[kind], b"", reserved=bits)),
        Fails(1002),
    )


def reserved_bits_in_continuation(bits):
    return Case(
        "5.2",
        f"continuation with reserved bits {bits:03b}",
        Sends(START, frames.frame(frames.CONTINUATION, b"", reserved=bits)),
        Fails(1002),
    )


def reserved_opcode(opcode, how, before=b"", **changes):
    return Case(
        "5.2",
        f"opcode 0x{opcode:x} {how}",
        Sends(before, frames.frame(opcode, **changes)),
        Fails(1002),
    )


def masked(kind, how, key):
    return Case(
        "5.1",
        f"{kind} masked {how}",
        Sends(frames.frame(OPCODES[kind], b"\x03\xe8", mask=key)),
        Fails(1002),
    )


GOOD = frames.frame(frames.TEXT, b"good")

CASES = [
    *map(text_of, LENGTHS),
    *map(binary_of, LENGTHS),
    Case(
        "5.2",
        "all lengths in one write",
        Sends(*(frames.frame(frames.BINARY, bytes(n)) for n in LENGTHS)),
        *(Delivers(bytes(n)) for n in LENGTHS),
    ),
    Case(
        "5.2",
        "500 messages in one write",
        Sends(*(frames.frame(frames.TEXT, b"%d" % n) for n in range(500))),
        *(Delivers(str(n)) for n in range(500)),
    ),
    *(not_shortest(kind, length, 2) for kind in ("text", "binary") for length in (0, 1, 125)),
    *(not_shortest(kind, length, 8) for kind in ("text", "binary") for length in (0, 125, 126, 65535)),
    too_long(LIMIT + 1, 1009),
    too_long(2**32, 1009),
    too_long(2**63 - 1, 1009),
    too_long(2**63, 1002),
    too_long(2**63 + 1, 1002),
    too_long(2**64 - 1, 1002),
    *(reserved_bits(kind, bits) for kind in OPCODES for bits in range(1, 8)),
    *map(reserved_bits_in_continuation, range(1, 8)),
    *(reserved_opcode(opcode, "empty") for opcode in RESERVED_OPCODES),
    *(reserved_opcode(opcode, "with a payload", payload=b"x" * 10) for opcode in RESERVED_OPCODES),
    *(reserved_opcode(opcode, "not final", fin=False) for opcode in RESERVED_OPCODES),
    *(reserved_opcode(opcode, "inside a message", before=START) for opcode in RESERVED_OPCODES),
    *(masked(kind, "with a key", b"\x12\x34\x56\x78") for kind in OPCODES),
    *(masked(kind, "with the key 0", bytes(4)) for kind in OPCODES),
    Case(
        "5.1",
        "continuation masked",
        Sends(START, frames.frame(frames.CONTINUATION, b"x", mask=b"1234")),
        Fails(1002),
    ),
    Case(
        "5.2",
        "what came before a fault is delivered",
        Sends(GOOD, GOOD, frames.frame(0x3)),
        Delivers("good"),
        Delivers("good"),
        Fails(1002),
    ),
    Case("5.2", "what comes behind a fault is not", Sends(frames.frame(0x3), GOOD, GOOD), Fails(1002)),
    Case(
        "5.2", "nor a Close behind a fault", Sends(frames.frame(0x3), frames.close_frame(1000)), Fails(1002)
    ),
    Case("5.2", "HTTP in place of frames", Sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Fails(1002)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):
    holds(str(case))
