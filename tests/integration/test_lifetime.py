# SPDX-License-Identifier: LGPL-2.1-or-later
"""Owners that go, the service that stops, and what is left of either (ACCEPTANCE rows 44 and 45)."""

import asyncio
import signal

import pytest

from harness import frames
from harness.raw_server import FullListener, silent
from harness.waiting import eventually

APPLICATIONS = ["bus", "library", "library-signals"]


async def test_row_44_application_leaves_the_bus(application, serve, service):
    server = await serve()
    for _ in range(3):
        await (await application.create()).open(server.url())
    await application.leave()
    for _ in range(3):
        assert (await (await server.accepted()).closed())[0] == 1001
    await service.no_websocket_left()


async def test_row_44_application_is_killed(remote, serve, service):
    server = await serve()
    application = await remote()
    websocket = await application.create()
    await websocket.open(server.url())
    await application.process.stop(signal.SIGKILL)
    assert (await (await server.accepted()).closed())[0] == 1001
    await service.no_websocket_left()


async def test_row_44_library_application_is_killed(library_application, serve, service):
    server = await serve()
    websocket = await library_application.create()
    await websocket.open(server.url())
    await library_application.process.stop(signal.SIGKILL)
    assert (await (await server.accepted()).closed())[0] == 1001
    await service.no_websocket_left()


async def test_row_44_another_application_is_unharmed(remote, websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    other = await remote()
    await (await other.create()).open(server.url())
    await server.accepted()
    await other.process.stop(signal.SIGKILL)
    assert (await (await server.accepted()).closed())[0] == 1001
    await websocket.echo("unharmed")


async def _created(application, _serve_raw):
    await application.create()


async def _looking_up_nobody(application, _serve_raw):
    await (await application.create()).connect("ws://nowhere.example.test/")


async def _in_the_upgrade(application, serve_raw):
    server = await serve_raw(silent)
    await (await application.create()).connect(server.url())
    await server.connected()
    return server


async def _in_the_tls_handshake(application, serve_raw):
    server = await serve_raw(silent)
    await (await application.create()).connect(server.url(scheme="wss"))
    await server.connected()
    return server


async def _closing(application, serve_raw):
    async def ignores_close(peer):
        await peer.accept()
        await peer.read_frame()
        await peer.read_to_end()

    server = await serve_raw(ignores_close)
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.close(1000, "")
    return server


async def _flooded(application, serve_raw):
    async def floods(peer):
        await peer.accept()
        while True:
            await peer.write(frames.frame(frames.BINARY, bytes(10000)) * 10)

    server = await serve_raw(floods)
    websocket = await application.create()
    await websocket.open(server.url())
    await websocket.next()
    return server


async def _sending_to_a_server_that_does_not_read(application, serve_raw):
    async def never_reads(peer):
        await peer.accept()
        peer.writer.transport.pause_reading()
        await asyncio.Event().wait()

    server = await serve_raw(never_reads)
    websocket = await application.create()
    await websocket.open(server.url())
    for _ in range(4):
        application.post("websocket", websocket.path, "send", [bytes(2**20)], {})
    await eventually(lambda: _is_backed_up(websocket), "messages held back")


async def _is_backed_up(websocket):
    return await websocket.property("Buffered") > 0


async def _closed(application, serve_raw):
    async def hang_up(_peer):
        pass

    server = await serve_raw(hang_up)
    await (await application.create()).fail(server.url())


@pytest.mark.config("CloseTimeout=500ms\n")
@pytest.mark.parametrize(
    "prepare",
    [
        _created,
        _looking_up_nobody,
        _in_the_upgrade,
        _in_the_tls_handshake,
        _closing,
        _flooded,
        _sending_to_a_server_that_does_not_read,
        _closed,
    ],
    ids=lambda prepare: prepare.__name__.strip("_"),
)
async def test_application_killed_in_any_state(remote, serve_raw, service, prepare):
    application = await remote()
    server = await prepare(application, serve_raw)
    await application.process.stop(signal.SIGKILL)
    await service.no_websocket_left()
    if server is not None:
        await server.ended()


@pytest.mark.config("CloseTimeout=500ms\n")
async def test_application_killed_while_tcp_connects(remote, service):
    listener = FullListener().start()
    try:
        application = await remote()
        await (await application.create()).connect(listener.url())
        await application.process.stop(signal.SIGKILL)
        await service.no_websocket_left()
    finally:
        listener.stop()
