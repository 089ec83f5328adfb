# SPDX-License-Identifier: LGPL-2.1-or-later
"""RFC 7692 over RFC 6455 section 9: compression that is offered, chosen or not, and the messages that a server then
sends. The service sends none compressed."""

import random
import zlib

import pytest

from case import Answers, Case
from harness import frames
from harness.compressor import RSV1, Compressor
from harness.frames import response
from request_fields import Requests, has
from steps import (
    ApplicationSends,
    Delivers,
    Fails,
    FailsToOpen,
    Opens,
    Sees,
    Sends,
    SendsSplit,
)

OFFER = "permessage-deflate; client_no_context_takeover"
LIMIT = 2**20  # MaxMessageSize of the service
RSV2, RSV3 = 2, 1
TAIL = b"\x00\x00\xff\xff"


def compressed(data, **settings):
    return Compressor(**settings).payload(data)


def message(payload, opcode=frames.TEXT):
    return frames.frame(opcode, payload, reserved=RSV1)


def fragments(payload, opcode, pieces, between=b""):
    """In PIECES frames of about the same size, BETWEEN after each but the last."""
    size = -(-len(payload) // pieces) if payload else 1
    parts = [payload[at : at + size] for at in range(0, size * pieces, size)]
    sent = b""
    for number, part in enumerate(parts):
        last = number == pieces - 1
        sent += frames.frame(
            frames.CONTINUATION if number else opcode,
            part,
            fin=last,
            reserved=0 if number else RSV1,
        )
        sent += b"" if last else between
    return sent


def agreed(*parameters):
    """The server chooses the extension, with PARAMETERS."""
    value = "; ".join(["permessage-deflate", *parameters])
    return Answers(lambda key: response(key, f"Sec-WebSocket-Extensions: {value}")), Opens(extensions=value)


def case(section, name, *steps, parameters=()):
    return Case(f"RFC 7692 {section}", name, *steps, compression=True, handshake=agreed(*parameters))


def refused(name, *fields):
    lines = [f"Sec-WebSocket-Extensions: {field}" for field in fields]
    return Case(
        "RFC 7692 5.1",
        f"answer: {name}",
        compression=True,
        handshake=(Answers(lambda key: response(key, *lines)), FailsToOpen()),
    )


REFUSED = {
    "another extension": ["x-other"],
    "its former name": ["x-webkit-deflate-frame"],
    "another case": ["Permessage-Deflate"],
    "twice in one field": ["permessage-deflate, permessage-deflate"],
    "twice in two fields": ["permessage-deflate", "permessage-deflate"],
    "and another extension": ["permessage-deflate, x-other"],
    "and another in a field of its own": ["permessage-deflate", "x-other"],
    "an empty field": [""],
    "a parameter that there is not": ["permessage-deflate; x"],
    "client_max_window_bits, which was not offered": ["permessage-deflate; client_max_window_bits=10"],
    "a parameter twice": ["permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
    "a flag with a value": ["permessage-deflate; server_no_context_takeover=1"],
    "the other flag with a value": ["permessage-deflate; client_no_context_takeover=1"],
    "server_max_window_bits without a value": ["permessage-deflate; server_max_window_bits"],
    "server_max_window_bits of 7": ["permessage-deflate; server_max_window_bits=7"],
    "server_max_window_bits of 16": ["permessage-deflate; server_max_window_bits=16"],
    "server_max_window_bits of 010": ["permessage-deflate; server_max_window_bits=010"],
    "server_max_window_bits of x": ["permessage-deflate; server_max_window_bits=x"],
    "an empty parameter": ["permessage-deflate;"],
}

HELLO = b"\xf2\x48\xcd\xc9\xc9\x07\x00"

# Section and name: the payload of a text that is "Hello".
EXAMPLES = {
    ("7.2.3.1", "one block"): HELLO,
    ("7.2.3.3", "a block without compression"): b"\x00\x05\x00\xfa\xffHello\x00",
    ("7.2.3.4", "a block that says it is the last"): b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
    ("7.2.3.4", "a last block with nothing behind it"): b"\xf3\x48\xcd\xc9\xc9\x07\x00",
    ("7.2.3.4", "a block behind the last"): b"\xf3\x48\x05\x00\xca\xc9\xc9\x07\x00",
    ("7.2.3.5", "two blocks"): b"\xf2\x48\x05" + TAIL[:1] + TAIL + b"\xca\xc9\xc9\x07\x00",
}

SIZES = [1, 125, 126, 1000, 65535, 65536, 300_000, LIMIT]

WRONG = {  # the payload of a message that no compressor makes
    "what is not compressed": b"Hello",
    "a kind of block that there is not": b"\x07",
    "cut short": HELLO[:-2],
    "a reference to before the beginning": b"\xf2\x00\x11\x00\x00",
    "a stored block longer than the message": b"\x00\x05\x00\xfa\xffHe",
    "a stored block whose lengths differ": b"\x00\x05\x00\xfa\xfeHello\x00",
    "a header of zlib's": zlib.compress(b"Hello"),
    "wrong bytes behind the last block": b"\xf3\x48\xcd\xc9\xc9\x07\x00\xff",
}


def text_of(length):
    """Readable, and neither all the same nor at random."""
    words = b"".join(b"%d bottles of beer on the wall, " % number for number in range(length // 25 + 1))
    return words[:length]


def noise_of(length):
    """The same in every run, as the table shows what is promised."""
    return random.Random(length).randbytes(length)


def sizes():
    for size in SIZES:
        text = text_of(size)
        noise = noise_of(size)
        yield case("7.2.2", f"text of {size}", Sends(message(compressed(text))), Delivers(text.decode()))
        sent = message(compressed(noise), frames.BINARY)
        yield case("7.2.2", f"random bytes, {size}", Sends(sent), Delivers(noise))
        for pieces in (2, 7):
            sent = fragments(compressed(text), frames.TEXT, pieces)
            yield case("6.1", f"text of {size} in {pieces} fragments", Sends(sent), Delivers(text.decode()))


def levels():
    data = text_of(50_000)
    for level in range(10):
        sent = message(compressed(data, level=level), frames.BINARY)
        yield case("7.2.1", f"level {level} of zlib's", Sends(sent), Delivers(data))
    for bits in range(9, 16):
        sent = message(compressed(data, window_bits=bits), frames.BINARY)
        parameters = (f"server_max_window_bits={bits}",)
        yield case("7.1.2.1", f"window of {bits} bits", Sends(sent), Delivers(data), parameters=parameters)
    noise = noise_of(LIMIT)
    for memory in (1, 4, 5, 8):
        for bits in (9, 12, 15):
            sent = message(compressed(noise, memory=memory, window_bits=bits), frames.BINARY)
            name = f"random bytes of the limit's size, window of {bits} bits, memory level {memory} of zlib's"
            yield case("7.2.1", name, Sends(sent), Delivers(noise))
    sent = message(compressed(data, window_bits=9), frames.BINARY)
    yield case(
        "7.1.2.1", "window of 8 bits", Sends(sent), Delivers(data), parameters=("server_max_window_bits=8",)
    )


def streams():
    """Several messages, each of which may refer to the one before."""
    texts = [text_of(100 + number) for number in range(20)]
    for name, takeover, parameters in (
        ("context taken over", True, ()),
        ("context not taken over", False, ("server_no_context_takeover",)),
        ("context not taken over, unsaid", False, ()),
    ):
        compressor = Compressor(takeover=takeover)
        steps = [Sends(b"".join(message(compressor.payload(text)) for text in texts))]
        steps += [Delivers(text.decode()) for text in texts]
        yield case("7.2.3.2", name, *steps, parameters=parameters)
    yield case(
        "7.1.1.1",
        "a reference to the message before, against what was agreed",
        Sends(message(HELLO) + message(b"\xf2\x00\x11\x00\x00")),
        Delivers("Hello"),
        Fails(1007),
        parameters=("server_no_context_takeover",),
    )
    compressor = Compressor()
    first, second = compressor.payload(texts[0]), compressor.payload(texts[0])
    plain = frames.frame(frames.TEXT, texts[1])
    yield case(
        "6",
        "a plain message between two",
        Sends(message(first) + plain + message(second)),
        *(Delivers(text.decode()) for text in (texts[0], texts[1], texts[0])),
    )
    ping = frames.frame(frames.PING, b"here")
    yield case(
        "6.1",
        "pings between fragments",
        Sends(fragments(compressed(texts[0]), frames.TEXT, 3, between=ping)),
        Sees(frames.PONG, b"here"),
        Sees(frames.PONG, b"here"),
        Delivers(texts[0].decode()),
    )
    sent = fragments(compressed(texts[0]), frames.TEXT, 3)
    yield case(
        "6.1",
        "byte by byte",
        SendsSplit([sent[at : at + 1] for at in range(len(sent))]),
        Delivers(texts[0].decode()),
    )


def faults():
    for name, payload in WRONG.items():
        yield case("7.2.2", name, Sends(message(payload, frames.BINARY)), Fails(1007))
        sent = fragments(payload, frames.BINARY, 2)
        yield case("7.2.2", f"{name}, in fragments", Sends(sent), Fails(1007))
    bits = {
        "RSV2": frames.frame(frames.TEXT, HELLO, reserved=RSV1 | RSV2),
        "RSV3": frames.frame(frames.TEXT, HELLO, reserved=RSV1 | RSV3),
        "RSV1 on a ping": frames.frame(frames.PING, HELLO, reserved=RSV1),
        "RSV1 on a Close": frames.frame(frames.CLOSE, b"\x03\xe8", reserved=RSV1),
        "RSV1 on a continuation": frames.frame(frames.TEXT, HELLO[:3], fin=False, reserved=RSV1)
        + frames.frame(frames.CONTINUATION, HELLO[3:], reserved=RSV1),
        "RSV1 on a continuation alone": frames.frame(frames.TEXT, b"x", fin=False)
        + frames.frame(frames.CONTINUATION, HELLO, reserved=RSV1),
    }
    for name, sent in bits.items():
        yield case("6", name, Sends(sent), Fails(1002))
    yield case(
        "6",
        "what was sent before a fault",
        Sends(message(HELLO) + message(b"\x07") + frames.frame(frames.TEXT, b"never")),
        Delivers("Hello"),
        Fails(1007),
    )
    yield case(
        "6",
        "a compressed fault and a Close behind it",
        Sends(message(b"\x07") + frames.close_frame(1000)),
        Fails(1007),
    )


def texts():
    wrong = {
        "a byte that is none": b"\xff",
        "a surrogate": b"\xed\xa0\x80",
        "ends inside a character": "ü".encode()[:1],
        "wrong behind half a MiB": b"x" * 2**19 + b"\xc0",
    }
    for name, data in wrong.items():
        yield case("7.2.2", f"text, {name}", Sends(message(compressed(data))), Fails(1007))
        binary = message(compressed(data), frames.BINARY)
        yield case("7.2.2", f"binary, {name}", Sends(binary), Delivers(data))
    yield case(
        "7.2.2",
        "text of four-byte characters",
        Sends(message(compressed("😀".encode() * 9999))),
        Delivers("😀" * 9999),
    )


def bombs():
    for size in (LIMIT + 1, 100 * LIMIT):
        sent = message(compressed(bytes(size), level=9), frames.BINARY)
        yield case("8", f"{size} zero bytes in {len(sent)}", Sends(sent), Fails(1009))
    sent = fragments(compressed(bytes(LIMIT + 1)), frames.BINARY, 5)
    yield case("8", "one byte over the limit, in fragments", Sends(sent), Fails(1009))
    sent = message(compressed(noise_of(LIMIT + 1)), frames.BINARY)
    yield case("8", "one random byte over the limit", Sends(sent), Fails(1009))
    head = frames.frame(frames.BINARY, bytes(2 * LIMIT), reserved=RSV1)[:10]
    yield case("8", "a header that announces twice the limit", Sends(head), Fails(1009))
    many = message(compressed(bytes(LIMIT)), frames.BINARY)
    yield case("8", "ten messages of the limit's size", Sends(many * 10), *[Delivers(bytes(LIMIT))] * 10)
    empty = b"\x03\x00" * 5000 + HELLO
    yield case("8", "5000 last blocks of two bytes", Sends(message(empty)), Delivers("Hello"))


CASES = [
    Case(
        "RFC 7692 5.1",
        "offered and not chosen",
        compression=True,
        handshake=(Requests("offered once", has("Sec-WebSocket-Extensions", OFFER)), Answers(), Opens()),
    ),
    Case(
        "RFC 7692 6",
        "not chosen, and a message is compressed",
        Sends(message(HELLO)),
        Fails(1002),
        compression=True,
    ),
    *(refused(name, *fields) for name, fields in REFUSED.items()),
    *(
        case("7.1", f"answer: {'; '.join(parameters) or 'no parameter'}", parameters=parameters)
        for parameters in (
            (),
            ("client_no_context_takeover",),
            ("server_no_context_takeover",),
            ("server_no_context_takeover", "client_no_context_takeover"),
            ("server_max_window_bits=15",),
            ('server_max_window_bits="12"',),
        )
    ),
    *(
        case(section, name, Sends(message(payload)), Delivers("Hello"))
        for (section, name), payload in EXAMPLES.items()
    ),
    case(
        "7.2.3.2",
        "the example",
        Sends(message(HELLO) + message(b"\xf2\x00\x11\x00\x00")),
        Delivers("Hello"),
        Delivers("Hello"),
    ),
    case("7.2.3.6", "an empty message", Sends(message(b"\x00")), Delivers("")),
    case("7.2.3.6", "an empty message of no byte", Sends(message(b"")), Delivers("")),
    case(
        "7.2.3.6",
        "an empty one, then another",
        Sends(message(b"") + message(HELLO)),
        Delivers(""),
        Delivers("Hello"),
    ),
    case(
        "6",
        "what the application sends is not compressed",
        ApplicationSends("a" * 5000),
        Sees(frames.TEXT, b"a" * 5000),
    ),
    *sizes(),
    *levels(),
    *streams(),
    *faults(),
    *texts(),
    *bombs(),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case, holds):  # pylint: disable=redefined-outer-name
    holds(str(case))
