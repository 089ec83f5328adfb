# SPDX-License-Identifier: LGPL-2.1-or-later
"""PermessageDeflate=yes, against servers that are not ours; RFC 7692 to the letter is in tests/conformance."""

import os
import struct

import pytest

from harness import frames
from harness.application import Close, Error, Message
from harness.bus_application import BusApplication
from harness.compressor import RSV1, Compressor
from harness.npm_server import NpmServer, needs_npm_ws
from harness.waiting import eventually

pytestmark = pytest.mark.config("PermessageDeflate=yes\nPingInterval=0\n")

MIB = 2**20
OFFER = "permessage-deflate; client_no_context_takeover"

MESSAGES = ["Grüße, 世界", "", b"", "a\0b", "bottles of beer, " * 5000, bytes(MIB), os.urandom(70_000), "😀" * 30_000]


async def test_python_websockets(websocket, serve):
    server = await serve(compression="deflate")
    headers = await websocket.open(server.url())
    connection = await server.accepted()
    assert connection.headers["Sec-WebSocket-Extensions"] == OFFER
    chosen = await websocket.property("Extensions")
    assert chosen.startswith("permessage-deflate") and headers["sec-websocket-extensions"] == chosen
    for data in MESSAGES:
        await websocket.echo(data)
    assert connection.messages == MESSAGES
    assert await websocket.property("BytesReceived") == sum(
        len(data.encode() if isinstance(data, str) else data) for data in MESSAGES
    )
    await websocket.close(1000, "done")
    assert await websocket.next(Close) == Close(1000, "done")
    websocket.nothing_more()


async def test_python_websockets_without_compression(websocket, serve):
    server = await serve(compression=None)
    await websocket.open(server.url())
    assert await websocket.property("Extensions") == ""
    await websocket.echo("plain")


@needs_npm_ws
@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0},
        {"threshold": 0, "serverNoContextTakeover": True},
        {"threshold": 0, "clientNoContextTakeover": True},
        {"threshold": 0, "serverMaxWindowBits": 9},
        {"threshold": 1000, "zlibDeflateOptions": {"level": 9, "memLevel": 9}},
    ],
    ids=lambda options: " ".join(options),
)
async def test_npm_ws(websocket, servers, directory, options):
    servers.append(await NpmServer(directory, perMessageDeflate=options).start())
    await websocket.open(servers[-1].url())
    chosen = await websocket.property("Extensions")
    assert ("server_no_context_takeover" in chosen) == ("serverNoContextTakeover" in options)
    for data in MESSAGES * 2:
        await websocket.send(data)
    for data in MESSAGES * 2:
        assert await websocket.next(Message) == Message(data)


@pytest.fixture
async def descriptor_application(service, servers):
    """One that takes descriptors."""
    application = await BusApplication.start(service.bus.new_connection(with_descriptors=True))
    yield application
    await application.leave()


async def test_who_does_not_read_is_not_inflated_for(descriptor_application, serve, serve_raw, service):
    """A few hundred KiB of a server's, at once, are 400 MiB: no more of it is inflated than the application reads."""
    size, count = MIB, 400

    async def flood(peer):
        await peer.read_request()
        await peer.write(frames.response(peer.key, "Sec-WebSocket-Extensions: permessage-deflate"))
        compressor = Compressor(level=9)
        for number in range(count):
            payload = compressor.payload(struct.pack("=I", number) + bytes(size - 4))
            await peer.write(frames.frame(frames.BINARY, payload, reserved=RSV1))
        await peer.write(frames.close_frame(1000))
        await peer.read_to_end()

    other = await descriptor_application.create()
    await other.open((await serve()).url())
    websocket = await descriptor_application.create()
    stream = await websocket.open_stream()
    last = 0

    async def stands_still():
        nonlocal last
        previous, last = last, await websocket.property("BytesReceived")
        return last == previous > 0

    before = service.resident_kib()
    try:
        await websocket.open((await serve_raw(flood)).url())
        await eventually(stands_still, "no more is inflated for who does not read")
        for _ in range(100):
            await other.echo("unharmed")
        assert await websocket.property("BytesReceived") < 16 * MIB
        if "ASAN_OPTIONS" not in os.environ:
            assert service.resident_kib() - before < 16 * 1024
        for number in range(count):
            message = await stream.next()
            assert len(message) == size and message[:4] == struct.pack("=I", number)
        assert await stream.next() is None
    finally:
        stream.close()
    assert await websocket.next() == Close(1000, "")


async def test_a_message_that_inflates_beyond_the_limit(websocket, serve, serve_raw, service):
    async def bomb(peer):
        await peer.read_request()
        await peer.write(frames.response(peer.key, "Sec-WebSocket-Extensions: permessage-deflate"))
        payload = Compressor(level=9).payload(bytes(200 * MIB))
        await peer.write(frames.frame(frames.BINARY, payload, reserved=RSV1))
        await peer.read_to_end()

    before = service.resident_kib()
    await websocket.open((await serve_raw(bomb)).url())
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (200, "protocol") and "once it is inflated" in error.message
    assert await websocket.next(Close) == Close(1009, "")
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - before < 48 * 1024
    await websocket.open((await serve()).url())
    await websocket.echo("as good as new")
