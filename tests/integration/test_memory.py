# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service's memory is back to where it was after many connections."""

import asyncio
import os
import struct

import pytest

from harness import frames
from harness.application import Close
from harness.waiting import eventually

pytestmark = pytest.mark.skipif(
    "ASAN_OPTIONS" in os.environ, reason="AddressSanitizer keeps what is freed; it looks " "for leaks itself"
)

WARM_UP = 200
CONNECTIONS = 1000
GROWTH_KIB = 1024  # a leak of 1 KiB a connection is beyond it
TICKETS = 20000
TICKETS_KIB = 8192  # GIO's cache takes 2 KiB for each ticket that it keeps


async def _open_and_close(application, server, count):
    for _ in range(count):
        websocket = await application.create()
        await websocket.open(server.url())
        await websocket.echo("x" * 2000)
        await websocket.close(1000, "")
        await websocket.next(Close)
        await websocket.release()
        del application.websockets[websocket.path]
        server.connections.clear()


async def test_memory_after_a_thousand_connections(bus_application, serve, service):
    server = await serve()
    await _open_and_close(bus_application, server, WARM_UP)
    await service.no_websocket_left()
    before = service.resident_kib()
    await _open_and_close(bus_application, server, CONNECTIONS)
    await service.no_websocket_left()
    growth = service.resident_kib() - before
    assert growth < GROWTH_KIB, f"{growth} KiB more after {CONNECTIONS} connections, {before} KiB before"


async def test_memory_after_a_thousand_failed_connections(bus_application, serve_raw, service):
    async def hang_up(_peer):
        pass

    async def fail(count):
        websocket = await bus_application.create()
        for _ in range(count):
            await websocket.fail(server.url())
        await websocket.release()

    server = await serve_raw(hang_up)
    await fail(WARM_UP)
    before = service.resident_kib()
    await fail(CONNECTIONS)
    assert service.resident_kib() - before < GROWTH_KIB


async def test_memory_after_many_session_tickets(needs_names, bus_application, serve, authority, service):
    """A server may send as many as it likes, whenever it likes."""
    websocket = await bus_application.create()
    for tickets in (2, TICKETS):
        context = authority.server_context("good", "127.0.0.1")
        context.num_tickets = tickets
        server = await serve(ssl=context)
        before = service.resident_kib()
        await websocket.open(server.url())
        await websocket.echo("behind the tickets")
        growth = service.resident_kib() - before
        await websocket.close(1000, "")
        await websocket.next(Close)
    assert growth < TICKETS_KIB, f"{growth} KiB more after {TICKETS} tickets"


@pytest.mark.config("CloseTimeout=5min\nPingInterval=0\n")
async def test_memory_of_a_message_that_nobody_waits_for(websocket, serve_raw, service):
    """What has come of it goes when the application lets go of the connection, not with the connection."""
    size = 15 * 1024  # KiB
    may_end = asyncio.Event()

    async def send_all_but_a_byte(peer):
        await peer.accept()
        await peer.write(frames.frame(frames.BINARY, bytes(size * 1024))[:-1])
        await may_end.wait()

    def growth():
        return service.resident_kib() - before

    before = service.resident_kib()
    await websocket.open((await serve_raw(send_all_but_a_byte)).url())
    await eventually(lambda: growth() > size * 3 / 4, "the message is kept")
    await websocket.release()
    await eventually(lambda: growth() < size / 4, "the message is dropped")
    may_end.set()


async def test_memory_of_pongs_that_are_not_read(bus_application, serve_raw, service):
    """A server that pings and does not read, until all of its pings have been read."""
    pings = 200_000
    all_pings = b"".join(frames.frame(frames.PING, struct.pack("!I", number) + bytes(121)) for number in range(pings))
    growth = None

    async def ping(peer):
        nonlocal growth
        await peer.read_request()
        before = service.resident_kib()
        await peer.write(frames.response(peer.key))
        await peer.write(all_pings)
        growth = service.resident_kib() - before
        number = -1
        while number < pings - 1:
            opcode, payload = await frames.read_frame(peer.reader)
            assert opcode == frames.PONG and payload[4:] == bytes(121)
            assert struct.unpack("!I", payload[:4])[0] > number
            number = struct.unpack("!I", payload[:4])[0]
        await peer.write(frames.close_frame(1000))
        await peer.read_to_end()

    websocket = await bus_application.create()
    await websocket.open((await serve_raw(ping)).url())
    assert await websocket.next(Close) == Close(1000, "")
    assert growth < 4096, f"{growth} KiB more for the pongs of a server that does not read"
