# SPDX-License-Identifier: LGPL-2.1-or-later
"""How connections end (ACCEPTANCE rows 38 to 42)."""

import asyncio

import pytest
from dbus_next import Variant

from harness import frames
from harness.application import Close, Error, Message, refused
from harness.raw_server import FullListener, silent
from harness.waiting import eventually

APPLICATIONS = ["bus", "library", "library-signals"]


def in_words(part):
    return f"{len(part)} characters" if isinstance(part, str) else None


@pytest.mark.parametrize(
    "code, reason",
    [
        (1000, ""),
        (1000, "done"),
        (1001, ""),
        (3000, "why"),
        (3999, "why"),
        (4999, "why"),
        (4000, "x" * 123),
        (4000, "ü" * 61),
    ],
    ids=in_words,
)
async def test_row_38_code_and_reason_reach_the_server_and_come_back(websocket, serve, code, reason):
    server = await serve()
    await websocket.open(server.url())
    await websocket.close(code, reason)
    assert await (await server.accepted()).closed() == (code, reason)
    assert await websocket.next(Close) == Close(code, reason)
    websocket.nothing_more()


async def test_row_38_what_comes_back_is_the_servers(websocket, serve_raw):
    async def answers_otherwise(peer):
        await peer.accept()
        sent = await peer.read_frame()
        await peer.write(frames.close_frame(4321, "mine"))
        await peer.read_to_end()
        return sent

    server = await serve_raw(answers_otherwise)
    await websocket.open(server.url())
    await websocket.close(3000, "yours")
    assert await websocket.next(Close) == Close(4321, "mine")
    assert await server.ended() == (frames.CLOSE, b"\x0b\xb8yours")


async def test_row_38_messages_before_close_arrive(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    for index in range(20):
        await websocket.send(f"{index}")
    await websocket.close(1000, "")
    connection = await server.accepted()
    await connection.closed()
    assert connection.messages == [f"{index}" for index in range(20)]


@pytest.mark.parametrize(
    "code, reason",
    [
        *((code, "") for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)),
        (1000, "x" * 124),
        (1000, "ü" * 62),
    ],
    ids=in_words,
)
async def test_row_39_what_an_endpoint_may_not_send(websocket, serve, code, reason):
    server = await serve()
    await websocket.open(server.url())
    await refused(401, websocket.close(code, reason))
    await websocket.echo("still open")
    connection = await server.accepted()
    assert connection.protocol.close_rcvd is None


async def test_row_39_comes_before_row_40(websocket):
    await refused(401, websocket.close(1005, ""))


async def test_row_40_close_twice(websocket, serve_raw):
    async def answers_when_told(peer):
        await peer.accept()
        await peer.read_frame()
        await answer.wait()
        await peer.write(frames.close_frame(1000))
        return await peer.read_to_end()

    answer = asyncio.Event()
    server = await serve_raw(answers_when_told)
    await websocket.open(server.url())
    await websocket.close(1000, "")
    await refused(2302006, websocket.close(1000, ""))
    answer.set()
    assert await websocket.next(Close) == Close(1000, "")
    await refused(2302006, websocket.close(1000, ""))
    assert await server.ended() == b""


async def test_row_40_close_when_never_connected(websocket):
    await refused(2302006, websocket.close(1000, ""))


async def test_row_40_close_after_a_failed_connect(websocket, serve_raw):
    async def hang_up(_peer):
        pass

    server = await serve_raw(hang_up)
    await websocket.fail(server.url())
    await refused(2302006, websocket.close(1000, ""))


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_row_41_close_while_connecting(websocket, serve_raw, scheme):
    """While the answer to the upgrade is awaited; in the TLS handshake."""
    server = await serve_raw(silent)
    await websocket.connect(server.url(scheme=scheme))
    await server.connected()
    await websocket.close(1000, "")
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (200, "cancelled")
    await server.ended()
    websocket.nothing_more()
    await refused(2302006, websocket.close(1000, ""))


async def test_row_41_close_while_tcp_connects(websocket, serve, servers):
    listener = FullListener().start()
    try:
        await websocket.connect(listener.url())
        await websocket.close(1000, "")
        assert (await websocket.next(Error)).stage == "cancelled"
    finally:
        listener.stop()
    server = await serve()
    await websocket.open(server.url())


@pytest.mark.name_server
async def test_row_41_close_while_the_name_is_looked_up(name_server, needs_names, websocket, serve):
    name_server.answering = False
    await websocket.connect("ws://slow.example.test/")
    await eventually(lambda: name_server.queries, "name looked up")
    await websocket.close(1000, "")
    assert (await websocket.next(Error)).stage == "cancelled"
    server = await serve()
    await websocket.open(server.url())


async def test_row_41_connect_and_close_in_one_breath(bus_application, serve_raw):
    """Close arrives before the service has begun with the network."""
    server = await serve_raw(silent)
    websocket = await bus_application.create()
    await asyncio.gather(websocket.connect(server.url()), websocket.close(1000, ""))
    assert (await websocket.next(Error)).stage == "cancelled"
    assert await websocket.property("State") in ("created", "closed")


async def test_row_42_server_closes(websocket, serve):
    async def closes(connection):
        await connection.protocol.close(1001, "bye")

    server = await serve(closes)
    await websocket.open(server.url())
    assert await websocket.next(Close) == Close(1001, "bye")
    websocket.nothing_more()


async def test_row_42_server_closes_without_a_code(websocket, serve_raw):
    async def closes(peer):
        await peer.accept(frames.close_frame())
        answer = await peer.read_frame()
        await peer.read_to_end()
        return answer

    server = await serve_raw(closes)
    await websocket.open(server.url())
    assert await websocket.next(Close) == Close(1005, "")
    assert (await server.ended())[0] == frames.CLOSE
    websocket.nothing_more()


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
async def test_row_42_server_drops_tcp(websocket, serve_raw, reset):
    async def drops(peer):
        await peer.accept()
        await peer.read_frame()
        if reset:
            peer.reset()

    server = await serve_raw(drops)
    await websocket.open(server.url())
    await websocket.send("drop me")
    error = await websocket.next(Error)
    assert error.code == 200
    assert await websocket.next(Close) == Close(1006, "")
    websocket.nothing_more()


async def test_row_42_server_resets_after_a_clean_closing_handshake(websocket, serve_raw):
    async def resets(peer):
        await peer.accept(frames.close_frame(1000, "done"))
        await peer.read_frame()
        peer.reset()

    server = await serve_raw(resets)
    await websocket.open(server.url())
    assert await websocket.next(Close) == Close(1000, "done")
    websocket.nothing_more()


@pytest.mark.config("CloseTimeout=200ms\n")
async def test_row_42_server_never_answers_a_close(websocket, serve_raw):
    async def ignores(peer):
        await peer.accept()
        return await peer.read_to_end()

    server = await serve_raw(ignores)
    await websocket.open(server.url())
    await websocket.close(1000, "")
    event = await websocket.next()
    if isinstance(event, Error):
        assert event.code == 200
        event = await websocket.next()
    assert event == Close(1006, "")
    await server.ended()


@pytest.mark.config("CloseTimeout=200ms\n")
async def test_row_42_server_that_sends_on_but_never_answers_a_close(websocket, serve_raw):
    async def talks_on(peer):
        await peer.accept()
        while not peer.writer.is_closing():
            await peer.write(frames.frame(frames.TEXT, b"blah"))
            await asyncio.sleep(0)

    server = await serve_raw(talks_on)
    await websocket.open(server.url())
    await websocket.close(1000, "")
    event = await websocket.next()
    while isinstance(event, (Message, Error)):
        event = await websocket.next()
    assert event == Close(1006, "")
    await server.ended()


async def test_release_while_open_closes_with_1001(websocket, serve, service):
    server = await serve()
    await websocket.open(server.url())
    await websocket.release()
    assert (await (await server.accepted()).closed())[0] == 1001
    await service.no_websocket_left()
    websocket.nothing_more()


async def test_release_while_connecting(websocket, serve_raw, service):
    server = await serve_raw(silent)
    await websocket.connect(server.url())
    await server.connected()
    await websocket.release()
    await server.ended()
    await service.no_websocket_left()


async def test_released_websocket_does_not_exist(bus_application):
    websocket = await bus_application.create()
    await websocket.release()
    reply = await bus_application.call(
        websocket.path, "org.wsbroker1.WebSocket", "Send", "v", Variant("s", "x")
    )
    assert reply.error_name == "org.freedesktop.DBus.Error.UnknownObject"
