# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the server answers to the handshake, through the bus and the library alike (ACCEPTANCE rows 15, 16 and
17), and messages over the limit (row 33)."""

import asyncio
import os

import pytest

from harness import frames
from harness.application import Close, Error, HeaderReceive, Open

BOUND_KIB = 8 * 1024  # far beyond what one connection may take, far below what is sent


async def test_row_15_headers_of_the_answer(websocket, serve_raw):
    async def many(peer):
        await peer.read_request()
        await peer.write(
            frames.response(
                peer.key,
                "Set-Cookie: a=1",
                "X-Long: " + "x" * 2048,
                "SET-COOKIE: b=2; Path=/, and a comma",
                "X-Latin: na\u00efve",
                "X-Empty:",
            )
        )
        await peer.read_to_end()

    server = await serve_raw(many)
    await websocket.connect(server.url())
    headers = (await websocket.next(HeaderReceive)).headers
    assert headers["set-cookie"] == ["a=1", "b=2; Path=/, and a comma"]
    assert headers["x-long"] == "x" * 2048
    assert headers["x-latin"] == "naïve"
    assert headers["x-empty"] == ""
    assert await websocket.next(Open) == Open()


@pytest.mark.policy(
    "[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.1:*\nDenyDomains=127.0.0.2:*\nAllowLocalAddresses=yes\n"
)
@pytest.mark.parametrize("target", ["127.0.0.1", "127.0.0.2"], ids=["allowed", "forbidden"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_row_16_no_redirect_is_followed(websocket, serve, serve_raw, status, target):
    elsewhere = await serve(host=target)
    location = f"ws://{target}:{elsewhere.port}/"

    async def redirects(peer):
        await peer.read_request()
        await peer.write(
            f"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        await peer.read_to_end()

    error = await websocket.fail((await serve_raw(redirects)).url())
    assert (error.code, error.stage, error.details["httpStatus"]) == (200, "handshake", status)
    assert error.details["headers"]["location"] == location
    assert bytes(error.details["body"]) == b""
    websocket.nothing_more()
    assert not elsewhere.connections


async def test_row_16_authentication_is_the_applications_affair(websocket, serve_raw):
    async def asks_who_is_there(peer):
        await peer.read_request()
        await peer.write(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\nno"
        )
        await peer.read_to_end()

    server = await serve_raw(asks_who_is_there)
    error = await websocket.fail(server.url())
    assert (error.details["httpStatus"], bytes(error.details["body"])) == (401, b"no")
    assert error.details["headers"]["www-authenticate"] == "Basic realm=x"
    assert server.accepted == 1


@pytest.mark.parametrize("length", ["", "Content-Length: 1000000000\r\n"], ids=["unbounded", "promised"])
async def test_row_16_body_without_end(websocket, serve_raw, length):
    """Its first KiB is enough."""

    async def talks_on(peer):
        await peer.read_request()
        await peer.write(f"HTTP/1.1 500 Oops\r\n{length}\r\n".encode())
        while True:
            await peer.write(b"x" * 65536)

    server = await serve_raw(talks_on)
    error = await websocket.fail(server.url())
    assert (error.details["httpStatus"], bytes(error.details["body"])) == (500, b"x" * 1024)
    assert isinstance(await server.ended(), ConnectionError)


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="AddressSanitizer keeps what is freed")
async def test_row_17_memory_is_bounded(websocket, serve_raw, service):
    """A hundred MiB of header, for as long as it is taken."""

    async def endless(peer):
        await peer.read_request()
        await peer.write(b"HTTP/1.1 101 Switching Protocols\r\nX-First: ")
        for _ in range(1600):
            await peer.write(b"x" * 65536)

    server = await serve_raw(endless)
    before = service.resident_kib()
    error = await websocket.fail(server.url())
    assert (error.code, error.stage) == (200, "handshake")
    assert isinstance(await server.ended(), ConnectionError)
    assert service.resident_kib() - before < BOUND_KIB


def _one_frame_that_promises(size):
    """The head of a frame of SIZE bytes."""
    return b"\x82\x7f" + size.to_bytes(8, "big")


@pytest.mark.skipif("ASAN_OPTIONS" in os.environ, reason="AddressSanitizer keeps what is freed")
@pytest.mark.config("MaxMessageSize=64K\n")
@pytest.mark.parametrize("kind", ["one frame", "fragments without end"])
async def test_row_33_memory_is_bounded(websocket, serve_raw, service, kind):
    async def too_much(peer):
        await peer.accept()
        reading = asyncio.ensure_future(peer.read_frame())
        if kind == "one frame":
            await peer.write(_one_frame_that_promises(2**40))
        else:
            await peer.write(frames.frame(frames.BINARY, b"", fin=False))
        try:
            while not reading.done():
                piece = b"x" * 16384
                await peer.write(
                    piece if kind == "one frame" else frames.frame(frames.CONTINUATION, piece, fin=False)
                )
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        return await reading

    server = await serve_raw(too_much)
    await websocket.open(server.url())
    before = service.resident_kib()
    assert (await websocket.next(Error)).code in (200, 2302100)
    assert (await websocket.next(Close)).code == 1009
    opcode, payload = await server.ended()
    assert (opcode, payload[:2]) == (frames.CLOSE, (1009).to_bytes(2, "big"))
    assert service.resident_kib() - before < BOUND_KIB
    websocket.nothing_more()


@pytest.mark.config("MaxMessageSize=64K\n")
async def test_row_33_exactly_the_limit(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo(b"x" * 65536)
    await websocket.echo("x" * 65536)
