# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network and the servers fail at any moment: in the name lookup, in TCP's handshake, in TLS's, at each byte of the
opening handshake and of the frames. Each attempt ends in one Error, each connection in one Error and one Close(1006),
what was whole before is delivered, and nobody else notices."""

import pytest
from dbus_next import Variant

from harness import accounts, frames
from harness.application import ApiError, Close, Error, HeaderReceive, Message, Open
from harness.cuts import CONFIG, end, play_each, relaying, reset, stall, writing
from harness.raw_server import FullListener
from harness.waiting import eventually

pytestmark = pytest.mark.config(CONFIG)

LEAVINGS = pytest.mark.parametrize("leave", [end, reset], ids=lambda leave: leave.__name__)


async def ends_without_open(application, url, stages):
    websocket = await application.create()
    error = await websocket.fail(url)
    assert error.code == 200 and error.stage in stages, error
    await websocket.release()
    websocket.nothing_more()


@LEAVINGS
async def test_cut_at_each_byte_of_the_opening_handshake(bus_application, serve_raw, serve, leave):
    whole = frames.response("x" * 24)
    server = await serve_raw(writing(frames.response, leave))

    async def play(length):
        await ends_without_open(bus_application, server.url(f"/{length}"), ("handshake",))

    await play_each(play, range(len(whole)))
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    await websocket.echo("unharmed")


def conversation():
    """All that a server says after the opening handshake, and its messages by the number of bytes that they need."""
    parts = [
        (frames.frame(frames.TEXT, b"first"), "first"),
        (frames.frame(frames.BINARY, b"b" * 130), b"b" * 130),
        (frames.frame(frames.TEXT, "sp€".encode()[:4], fin=False), None),
        (frames.frame(frames.PING, b"still there?"), None),
        (frames.frame(frames.CONTINUATION, "sp€lit".encode()[4:]), "sp€lit"),
        (frames.frame(frames.BINARY), b""),
        (frames.close_frame(1000, "bye"), None),
    ]
    said, needed = b"", {}
    for data, message in parts:
        said += data
        if message is not None:
            needed[len(said)] = message
    return said, needed


async def events_of(websocket):
    """All of one attempt and the connection that came of it, to the last."""
    events = [await websocket.next()]
    while not isinstance(events[-1], Close) and (Open() in events or not isinstance(events[-1], Error)):
        events.append(await websocket.next())
    return events


def messages_before_the_cut(events):
    """What was delivered of a connection that opened, and ends as one that was cut does."""
    headers, opened, *told, error, close = events
    assert isinstance(headers, HeaderReceive) and (opened, close) == (Open(), Close(1006, "")), events
    assert isinstance(error, Error) and (error.code, error.stage) == (200, "protocol"), error
    assert all(isinstance(event, Message) for event in told), told
    return [event.data for event in told]


@LEAVINGS
async def test_cut_at_each_byte_of_the_frames(application, serve_raw, serve, leave):
    said, needed = conversation()
    opening = len(frames.response("x" * 24))
    server = await serve_raw(writing(lambda key: frames.response(key) + said, leave))

    async def play(length):
        whole = [message for needs, message in needed.items() if needs <= length]
        websocket = await application.create()
        await websocket.connect(server.url(f"/{opening + length}"))
        events = await events_of(websocket)
        # A reset may overtake what was sent before it, the answer to the opening handshake too.
        if leave is end or len(events) > 1:
            delivered = messages_before_the_cut(events)
            assert delivered == whole[: None if leave is end else len(delivered)]
        await websocket.release()
        websocket.nothing_more()

    await play_each(play, range(len(said)))
    websocket = await application.create()
    await websocket.open((await serve()).url())
    await websocket.echo("unharmed")


async def test_reset_after_each_byte_that_the_server_reads(bus_application, serve_raw):
    """Of the request and of what the application sends."""

    async def reads(peer):
        length = int((await peer.reader.readexactly(8)).split(b"/")[1].split()[0])
        head = await peer.reader.readuntil(b"\r\n\r\n")
        key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        await peer.write(frames.response(key.split()[1].decode()))
        await peer.reader.readexactly(length)
        peer.reset()

    server = await serve_raw(reads)
    sent = [b"x" * 20, "y" * 200]

    async def play(length):
        websocket = await bus_application.create()
        await websocket.open(server.url(f"/{length:03}"))
        for message in sent:
            try:
                await websocket.send(message)
            except ApiError as error:
                assert error.code == 2302006
        error = await websocket.next(Error)
        assert (error.code, error.stage) == (200, "protocol")
        assert await websocket.next(Close) == Close(1006, "")
        await websocket.release()
        websocket.nothing_more()

    # Two frames: 6 and 8 bytes of header and mask. A reset before the first byte may overtake the answer to the opening
    # handshake; after it, the answer has been read.
    await play_each(play, range(1, 6 + 20 + 8 + 200))


@LEAVINGS
async def test_request_is_cut(bus_application, serve_raw, leave):
    """After each third byte that the server reads of it."""

    async def play(length):
        async def reads(peer):
            await peer.reader.readexactly(length)
            await leave(peer)

        server = await serve_raw(reads)
        # A reset of what was accepted a moment ago can be what the client's connect() reports.
        stages = ("handshake", "connect") if length == 0 and leave is reset else ("handshake",)
        await ends_without_open(bus_application, server.url(), stages)

    await play_each(play, range(0, 150, 3))


# TLS


async def bytes_until_open(application, relay_to, trust):
    """How many bytes of the server's an opening handshake over TLS takes."""
    relay = await relay_to(length=None, leave=end)
    websocket = await application.create()
    await websocket.open(relay.url(scheme="wss"), **trust)
    await websocket.close()
    assert (await websocket.next(Close)).code == 1000
    await websocket.release()
    return await relay.ended()


@pytest.fixture
async def relay_to(serve, serve_raw, authority):
    """Starts a relay in front of a TLS server: relay_to(length=…, leave=…)."""
    server = await serve(ssl=authority.server_context("relayed", "127.0.0.1"))

    async def start(**cut):
        return await serve_raw(relaying(server.port, **cut))

    return start


@pytest.fixture
def trust(authority):
    with open(authority.path, encoding="ascii") as file:
        return {"ca": Variant("s", file.read())}


@pytest.mark.parametrize(
    "leave",
    [end, reset, pytest.param(stall, marks=pytest.mark.config(CONFIG + "ConnectTimeout=5s\n"))],
    ids=lambda leave: leave.__name__,
)
async def test_tls_stops_half_way(bus_application, relay_to, trust, leave):
    """In the middle of records and between them. The last are the answer to the upgrade and the good-bye."""
    total = await bytes_until_open(bus_application, relay_to, trust)
    stages = ("timeout",) if leave is stall else ("tls", "handshake", "connect")

    async def play(length):
        relay = await relay_to(length=length, leave=leave)
        websocket = await bus_application.create()
        error = await websocket.fail(relay.url(scheme="wss"), **trust)
        assert error.code == 200 and error.stage in stages, error
        await websocket.release()
        websocket.nothing_more()

    answer_and_good_bye = 400
    assert total > answer_and_good_bye
    await play_each(play, range(0, total - answer_and_good_bye, 25 if leave is not stall else 80))
    assert await bytes_until_open(bus_application, relay_to, trust)


# What hangs


# Also what the connection that is not held up may take, on a busy machine.
HANGING_CONFIG = CONFIG + "ConnectTimeout=4s\n"


@pytest.mark.config(HANGING_CONFIG)
async def test_connect_hangs(bus_application, serve):
    listener = FullListener().start()
    try:
        hanging = [await bus_application.create() for _ in range(8)]
        for websocket in hanging:
            await websocket.connect(listener.url())
        other = await bus_application.create()
        await other.open((await serve()).url())
        for websocket in hanging:
            error = await websocket.next(Error)
            assert (error.code, error.stage) == (200, "timeout")
            websocket.nothing_more()
        await other.echo("unharmed")
    finally:
        listener.stop()


@accounts.needs_root
@pytest.mark.name_server
@pytest.mark.config(HANGING_CONFIG)
async def test_name_lookup_hangs(name_server, needs_names, bus_application, remote, serve):
    """More of one application's than there are threads for it; another's are not held up."""
    name_server.answering = False
    hanging = [await bus_application.create() for _ in range(12)]
    for number, websocket in enumerate(hanging):
        await websocket.connect(f"ws://slow-{number}.example.test/")
    await eventually(lambda: name_server.queries, "name looked up")
    other = await (await remote(user=accounts.ALICE)).create()
    await other.open((await serve()).url(host="chat.example.test"))
    for websocket in hanging:
        error = await websocket.next(Error)
        assert (error.code, error.stage) == (200, "timeout")
        websocket.nothing_more()
    await other.echo("unharmed")
