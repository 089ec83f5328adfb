# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages, both ways (ACCEPTANCE rows 31, 32 and 34)."""

import os

import pytest
from dbus_next import Variant

from harness import frames
from harness.application import Close, Error, Message, refused
from harness.raw_server import silent

APPLICATIONS = ["bus", "library", "library-signals"]

MESSAGES = {
    "text": "Grüße, 世界",
    "binary": bytes(range(256)),
    "empty text": "",
    "empty binary": b"",
    "text with U+0000": "a\0b",
    "text of one U+0000": "\0",
    "text with U+FFFF": "a\uffffb",
    "text with U+FDD0": "\ufdd0",
    "text with U+1FFFE": "\U0001fffe",
    "4-byte UTF-8": "😀\U0010fffd",
    "126 bytes": b"x" * 126,
    "64 KiB of text": "x" * 65536,
    "1 MiB": os.urandom(2**20),
}


@pytest.mark.parametrize("data", MESSAGES.values(), ids=MESSAGES)
async def test_row_31_echoed_with_type_and_bytes_kept(websocket, serve, data):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo(data)
    connection = await server.accepted()
    assert connection.messages == [data]
    assert isinstance(connection.messages[0], type(data))


async def test_row_31_largest_message(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo(b"\xa5" * 16 * 2**20)


async def test_row_31_many_messages_keep_their_order(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    messages = [f"number {index}" if index % 2 else bytes([index % 256]) * index for index in range(500)]
    for data in messages:
        await websocket.send(data)
    for data in messages:
        assert await websocket.next(Message) == Message(data)
    websocket.nothing_more()


async def test_row_32_send_before_connect(websocket):
    await refused(2302006, websocket.send("early"))


async def test_row_32_send_while_connecting(websocket, serve_raw):
    server = await serve_raw(silent)
    await websocket.connect(server.url())
    await server.connected()
    await refused(2302006, websocket.send("early"))


async def test_row_32_send_after_close(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.close(1000, "")
    await refused(2302006, websocket.send("late"))
    await websocket.next(Close)
    await refused(2302006, websocket.send("later"))
    await (await server.accepted()).closed()
    assert server.connections[0].messages == []


async def test_row_33_message_over_the_limit_is_refused(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await refused(401, websocket.send(b"x" * (16 * 2**20 + 1)))
    await websocket.echo("still open")


@pytest.mark.config("MaxMessageSize=64K\n")
@pytest.mark.parametrize("fragments", [1, 5])
async def test_row_33_message_over_the_limit_is_not_received(websocket, serve_raw, fragments):
    async def too_much(peer):
        await peer.accept()
        piece = b"x" * (100 * 1024 // fragments)
        await peer.write(frames.frame(frames.BINARY, piece, fin=fragments == 1))
        for left in range(fragments - 2, -1, -1):
            await peer.write(frames.frame(frames.CONTINUATION, piece, fin=left == 0))
        return await peer.read_frame()

    server = await serve_raw(too_much)
    await websocket.open(server.url())
    assert (await websocket.next(Error)).code in (200, 2302100)
    assert (await websocket.next(Close)).code == 1009
    opcode, payload = await server.ended()
    assert (opcode, payload[:2]) == (frames.CLOSE, (1009).to_bytes(2, "big"))


async def test_row_34_three_fragments_with_a_ping_between(websocket, serve_raw):
    async def fragments(peer):
        await peer.accept()
        await peer.write(frames.frame(frames.TEXT, b"one ", fin=False))
        await peer.write(frames.frame(frames.PING, b"are you there"))
        await peer.write(
            frames.frame(frames.CONTINUATION, b"two ", fin=False), frames.frame(frames.CONTINUATION, b"three")
        )
        return await peer.read_frame()

    server = await serve_raw(fragments)
    await websocket.open(server.url())
    assert await websocket.next(Message) == Message("one two three")
    assert await server.ended() == (frames.PONG, b"are you there")


async def test_row_34_one_data_end_for_each_message(library_application, serve):
    server = await serve()
    websocket = await library_application.create()
    await websocket.open(server.url())
    await websocket.echo("one")
    await websocket.echo(b"two")
    await library_application.command("barrier")
    assert websocket.data_ends == 2


WRONG_VARIANTS = [
    Variant("u", 1),
    Variant("as", ["a"]),
    Variant("(say)", ["binary", b"x"]),
    Variant("(say)", ["", b"x"]),
    Variant("(say)", ["text", b"\xff"]),
    Variant("(sas)", ["text", []]),
    Variant("v", Variant("s", "x")),
    Variant("a{sv}", {}),
]


@pytest.mark.parametrize("variant", WRONG_VARIANTS, ids=lambda variant: variant.signature)
async def test_send_of_a_wrong_variant(bus_application, serve, variant):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url())
    await refused(401, websocket.send_variant(variant))
    await websocket.echo("still open")


async def test_send_of_a_string_with_a_noncharacter(bus_application, serve):
    """The bus passes such a string on, the service's D-Bus library does not read it: refused, and no more
    than that."""
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url())
    reply = await bus_application.call(
        websocket.path, "org.wsbroker1.WebSocket", "Send", "v", Variant("s", "a\uffffb")
    )
    assert reply.message_type.name == "ERROR"
    await websocket.echo("still open")


async def test_a_flooding_server_loses_nothing(websocket, serve):
    async def flood(connection):
        for index in range(3000):
            await connection.protocol.send(f"{index}:" + "x" * 1000)
        await connection.protocol.wait_closed()

    server = await serve(flood)
    await websocket.open(server.url())
    for index in range(3000):
        assert (await websocket.next(Message)).data.startswith(f"{index}:")
