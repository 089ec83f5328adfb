# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers that answer wrongly: a clear error, exactly one, and the service goes on (ACCEPTANCE rows 16, 17,
36 and 37)."""

import asyncio

import pytest

from harness import frames
from harness.application import Close, Error, HeaderReceive, Message, Open

APPLICATIONS = ["bus", "library", "library-signals"]


def answering(make_answer):
    """A script that reads the request, writes what MAKE_ANSWER makes of its key, and waits."""

    async def script(peer):
        await peer.read_request()
        await peer.write(make_answer(peer.key))
        await peer.read_to_end()

    return script


WRONG_ANSWERS = {
    "wrong accept key": lambda key: frames.response(key, accept="c2FtcGxlIG5vbmNlIG5vcGU="),
    "accept key of another": lambda key: frames.response(frames.accept_key(key)),
    "no accept key": lambda key: frames.response(key, accept=False),
    "no Upgrade": lambda key: frames.response(key, upgrade=None),
    "Upgrade to another": lambda key: frames.response(key, upgrade="h2c"),
    "no Connection": lambda key: frames.response(key, connection=None),
    "Connection without upgrade": lambda key: frames.response(key, connection="keep-alive"),
    "HTTP/1.0": lambda key: frames.response(key, status="HTTP/1.0 101 Switching Protocols"),
    "extension not offered": lambda key: frames.response(key, "Sec-WebSocket-Extensions: x-unheard-of"),
    "100 only": lambda key: b"HTTP/1.1 100 Continue\r\n\r\n" + b"HTTP/1.1 200 OK\r\n\r\n",
    "70 KiB of headers": lambda key: frames.response(key, "X-Long: " + "x" * 70 * 1024),
    "10,000 headers": lambda key: frames.response(key, *(f"X-{n}: x" for n in range(10000))),
    "no HTTP": lambda key: b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
    "binary": lambda key: bytes(range(256)) * 20 + b"\r\n\r\n",
    "NUL in a header": lambda key: frames.response(key, "X-Nul: a\0b"),
    "no status": lambda key: b"HTTP/1.1\r\n\r\n",
    "negative status": lambda key: b"HTTP/1.1 -101 Switching Protocols\r\n\r\n",
}


@pytest.mark.parametrize("make_answer", WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
async def test_row_17_wrong_answer_to_the_handshake(websocket, serve_raw, serve, make_answer):
    server = await serve_raw(answering(make_answer))
    error = await websocket.fail(server.url())
    assert (error.code, error.stage) == (200, "handshake"), error
    await server.ended()
    websocket.nothing_more()
    good = await serve()
    await websocket.open(good.url())
    await websocket.echo("the service goes on")


@pytest.mark.config("ConnectTimeout=500ms\n")
@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 101 Swi", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"],
    ids=["nothing", "part of the status line", "part of the headers"],
)
async def test_row_17_answer_that_never_ends(websocket, serve_raw, start):
    server = await serve_raw(answering(lambda key: start))
    error = await websocket.fail(server.url())
    assert (error.code, error.stage) == (200, "timeout")
    await server.ended()


@pytest.mark.config("ConnectTimeout=500ms\n")
@pytest.mark.parametrize("dribble", [b"X-Y: z\r\n", b"x"], ids=["headers", "one header"])
async def test_row_17_headers_without_end(websocket, serve_raw, dribble):
    async def endless(peer):
        await peer.read_request()
        await peer.write(b"HTTP/1.1 101 Switching Protocols\r\nX-First: ")
        while True:
            await peer.write(dribble)
            await asyncio.sleep(0)

    server = await serve_raw(endless)
    error = await websocket.fail(server.url())
    assert error.code == 200 and error.stage in ("handshake", "timeout")
    # Where this process is slow, the time may be up before it has read the request.
    assert isinstance(await server.ended(), (ConnectionError, asyncio.IncompleteReadError))


@pytest.mark.parametrize(
    "status, reason",
    [(401, "Unauthorized"), (404, "Not Found"), (500, "Oops"), (200, "OK"), (426, "Upgrade Required")],
)
async def test_row_16_another_status_than_101(websocket, serve_raw, status, reason):
    body = b"no" * 1000
    server = await serve_raw(
        answering(
            lambda key: (
                f"HTTP/1.1 {status} {reason}\r\nX-Why: because\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
    )
    error = await websocket.fail(server.url())
    assert (error.code, error.stage, error.details["httpStatus"]) == (200, "handshake", status)
    assert error.details["headers"]["x-why"] == "because"
    assert bytes(error.details["body"]) == body[:1024]
    websocket.nothing_more()


async def test_row_16_no_redirect_is_followed(websocket, serve_raw, serve):
    target = await serve()
    server = await serve_raw(
        answering(
            lambda key: (
                f"HTTP/1.1 302 Found\r\nLocation: {target.url()}\r\nContent-Length: 0\r\n\r\n"
            ).encode()
        )
    )
    error = await websocket.fail(server.url())
    assert error.details["httpStatus"] == 302
    assert not target.connections


async def _closes_at_once(_peer):
    pass


async def _resets_at_once(peer):
    peer.reset()


async def _closes_after_the_request(peer):
    await peer.read_request()


async def _resets_after_the_request(peer):
    await peer.read_request()
    peer.reset()


async def _closes_in_the_answer(peer):
    await peer.read_request()
    await peer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgr")


async def _resets_in_the_answer(peer):
    await peer.read_request()
    await peer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgr")
    peer.reset()


@pytest.mark.parametrize(
    "script",
    [
        _closes_at_once,
        _resets_at_once,
        _closes_after_the_request,
        _resets_after_the_request,
        _closes_in_the_answer,
        _resets_in_the_answer,
    ],
    ids=lambda script: script.__name__.strip("_"),
)
async def test_server_that_goes_before_open(websocket, serve_raw, script):
    server = await serve_raw(script)
    error = await websocket.fail(server.url())
    assert error.code == 200 and error.stage in ("handshake", "connect"), error
    websocket.nothing_more()


async def test_server_that_answers_tls_with_nonsense(websocket, serve_raw):
    async def nonsense(peer):
        await peer.reader.read(1)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.read_to_end()

    server = await serve_raw(nonsense)
    error = await websocket.fail(server.url(scheme="wss"))
    assert (error.code, error.stage) == (200, "tls")


WRONG_FRAMES = {
    "reserved bit 1": frames.frame(frames.TEXT, b"x", reserved=4),
    "reserved bit 3": frames.frame(frames.TEXT, b"x", reserved=1),
    "unknown data opcode": frames.frame(0x3, b"x"),
    "unknown control opcode": frames.frame(0xB, b"x"),
    "masked": frames.frame(frames.TEXT, b"x", mask=b"abcd"),
    "fragmented ping": frames.frame(frames.PING, b"x", fin=False),
    "ping of 126 bytes": frames.frame(frames.PING, b"x" * 126),
    "continuation of nothing": frames.frame(frames.CONTINUATION, b"x"),
    "text inside a fragmented text": frames.frame(frames.TEXT, b"x", fin=False)
    + frames.frame(frames.TEXT, b"y"),
    "close of one byte": frames.frame(frames.CLOSE, b"\x03"),
    "close with 1005": frames.close_frame(1005),
    "close with 999": frames.close_frame(999),
    "close with 0": frames.close_frame(0),
    "length not minimal": b"\x81\x7e\x00\x01x",
    "length with its highest bit": b"\x82\x7f" + b"\xff" * 8,
}


@pytest.mark.config("CloseTimeout=500ms\n")
@pytest.mark.parametrize("wrong", WRONG_FRAMES.values(), ids=WRONG_FRAMES)
async def test_row_37_wrong_frame(bus_application, serve, serve_raw, wrong):
    async def sends(peer):
        await peer.accept()
        await peer.write(wrong)
        return await peer.read_frame()

    good = await serve()
    other = await bus_application.create()
    await other.open(good.url())
    server = await serve_raw(sends)
    websocket = await bus_application.create()
    await websocket.open(server.url())
    assert (await websocket.next(Error)).code == 200
    assert (await websocket.next(Close)).code in (1002, 1009)
    opcode, payload = await server.ended()
    assert (opcode, payload[:2]) in ((frames.CLOSE, b"\x03\xea"), (frames.CLOSE, b"\x03\xf1"))
    websocket.nothing_more()
    await other.echo("unharmed")


INVALID_TEXT = {
    "no UTF-8": [frames.frame(frames.TEXT, b"ok\xff")],
    "surrogate": [frames.frame(frames.TEXT, b"\xed\xa0\x80")],
    "overlong": [frames.frame(frames.TEXT, b"\xc0\xaf")],
    "cut at the end": [frames.frame(frames.TEXT, b"\xe2\x82")],
    "across fragments": [
        frames.frame(frames.TEXT, b"\xe2\x82", fin=False),
        frames.frame(frames.CONTINUATION, b"x"),
    ],
    "in a message that does not end": [frames.frame(frames.TEXT, b"\xff", fin=False)],
    "in a close reason": [frames.frame(frames.CLOSE, b"\x03\xe8\xff")],
}


@pytest.mark.config("CloseTimeout=500ms\n")
@pytest.mark.parametrize("parts", INVALID_TEXT.values(), ids=INVALID_TEXT)
async def test_row_36_invalid_utf8(bus_application, serve_raw, parts):
    async def sends(peer):
        await peer.accept(*parts)
        return await peer.read_frame()

    server = await serve_raw(sends)
    websocket = await bus_application.create()
    await websocket.open(server.url())
    assert (await websocket.next(Error)).code == 200
    assert (await websocket.next(Close)).code == 1007
    opcode, payload = await server.ended()
    assert (opcode, payload[:2]) == (frames.CLOSE, b"\x03\xef")


async def test_row_36_character_across_fragments_is_valid(bus_application, serve_raw):
    async def sends(peer):
        await peer.accept(
            frames.frame(frames.TEXT, b"\xe2\x82", fin=False), frames.frame(frames.CONTINUATION, b"\xac")
        )
        await peer.read_to_end()

    server = await serve_raw(sends)
    websocket = await bus_application.create()
    await websocket.open(server.url())
    assert await websocket.next(Message) == Message("€")


async def test_row_15_headers_of_the_answer(bus_application, serve_raw):
    async def many(peer):
        await peer.read_request()
        await peer.write(
            frames.response(
                peer.key, "Set-Cookie: a=1", "Set-Cookie: b=2", "X-Long: " + "x" * 2048, "X-Latin: na\u00efve"
            )
        )
        await peer.read_to_end()

    server = await serve_raw(many)
    websocket = await bus_application.create()
    await websocket.connect(server.url())
    headers = (await websocket.next(HeaderReceive)).headers
    assert headers["set-cookie"] == ["a=1", "b=2"]
    assert headers["x-long"] == "x" * 2048
    assert headers["x-latin"] == "naïve"
    await websocket.next(Open)
