# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data plane: messages over the descriptor of OpenStream, at the service itself (ACCEPTANCE row 63)."""

import asyncio
import os
import socket
import struct

import pytest
from dbus_next import Variant

from harness import frames
from harness.application import Close, Error, HeaderReceive, Open, refused
from harness.bus_application import BusApplication
from harness.raw_server import silent
from harness.stream import BINARY, TEXT, framed, header
from harness.waiting import eventually, within

MIB = 2**20


@pytest.fixture
async def application(service, servers):
    """One that takes descriptors."""
    application = await BusApplication.start(service.bus.new_connection(with_descriptors=True))
    yield application
    await application.leave()


@pytest.fixture
async def streams():
    """To be closed at the end."""
    opened = []
    yield opened
    for stream in opened:
        stream.close()


@pytest.fixture
async def open_stream(streams):
    async def start(websocket):
        streams.append(await websocket.open_stream())
        return streams[-1]

    return start


@pytest.fixture
async def stream(websocket, open_stream):
    return await open_stream(websocket)


async def opened(websocket, url):
    await websocket.connect(url)
    await websocket.next(HeaderReceive)
    await websocket.next(Open)


MESSAGES = [
    "Grüße, 世界",
    "",
    b"",
    "a\0b\uffff\U0001fffe",
    bytes(range(256)),
    b"x" * 65536,
    os.urandom(MIB),
    "ä" * 300000,
]


async def test_messages_both_ways(websocket, stream, serve):
    server = await serve()
    await opened(websocket, server.url())
    for data in MESSAGES:
        await stream.echo(data)
    assert (await server.accepted()).messages == MESSAGES
    websocket.nothing_more()
    assert await websocket.property("MessagesSent") == await websocket.property("MessagesReceived") == len(MESSAGES)


async def test_in_any_pieces(websocket, stream, serve):
    server = await serve()
    await opened(websocket, server.url())
    for byte in framed("tiny") + framed(b""):
        await stream.write(bytes([byte]))
    assert await stream.next() == "tiny"
    assert await stream.next() == b""
    whole = b"".join(map(framed, MESSAGES))
    sending = asyncio.create_task(stream.write(whole))
    for data in MESSAGES:
        assert await stream.next() == data
    await sending


async def test_before_connect_no_message_is_a_signal(websocket, stream, serve_raw):
    async def talkative(peer):
        await peer.accept(frames.frame(frames.TEXT, b"at once"), frames.frame(frames.BINARY, b"\0"))
        await peer.read_to_end()

    server = await serve_raw(talkative)
    await opened(websocket, server.url())
    assert await stream.next() == "at once"
    assert await stream.next() == b"\0"
    websocket.nothing_more()


async def test_while_connecting(websocket, open_stream, serve_raw):
    proceed = asyncio.Event()

    async def slow(peer):
        await peer.read_request()
        await proceed.wait()
        await peer.write(frames.response(peer.key), frames.frame(frames.TEXT, b"hello"))
        assert await peer.read_frame() == (frames.TEXT, b"early")
        await peer.read_to_end()

    server = await serve_raw(slow)
    await websocket.connect(server.url())
    await server.connected()
    stream = await open_stream(websocket)
    await stream.send("early")
    proceed.set()
    await websocket.next(HeaderReceive)
    await websocket.next(Open)
    assert await stream.next() == "hello"


async def test_while_open(websocket, open_stream, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.echo("by signal")
    stream = await open_stream(websocket)
    await stream.echo("by stream")
    await refused(401, websocket.send("by signal again"))
    await stream.echo(b"still there")


async def test_what_is_refused(websocket, open_stream, serve_raw):
    async def unhurried(peer):
        await peer.accept()
        await peer.read_frame()
        await peer.read_to_end()

    assert "surprise" in await refused(401, websocket.open_stream(surprise=Variant("b", True)))
    await open_stream(websocket)
    await refused(401, websocket.open_stream())
    await opened(websocket, (await serve_raw(unhurried)).url())
    await refused(401, websocket.open_stream())
    await refused(401, websocket.send("by signal"))


async def test_none_while_closing(websocket, serve_raw):
    server = await serve_raw(unanswering)
    await websocket.open(server.url())
    await websocket.close()
    await refused(2302006, websocket.open_stream())


async def unanswering(peer):
    await peer.accept()
    await peer.read_to_end()


@pytest.mark.policy("[user *]\nPermissions=\n")
async def test_none_without_permission(websocket):
    await refused(201, websocket.open_stream())


async def test_another_for_the_next_attempt(websocket, open_stream, serve):
    server = await serve()
    stream = await open_stream(websocket)
    assert (await websocket.fail("ws://127.0.0.1:1/")).stage == "connect"
    assert await stream.next() is None
    for number in range(3):
        stream = await open_stream(websocket)
        await opened(websocket, server.url())
        await stream.echo(f"attempt {number}")
        await websocket.close(3000, "done")
        assert await websocket.next() == Close(3000, "done")
        assert await stream.next() is None


async def test_a_refused_connect_keeps_the_stream(websocket, stream, serve):
    await refused(2302001, websocket.connect("http://127.0.0.1/"))
    await opened(websocket, (await serve()).url())
    await stream.echo("still the same")


# The limits of a message.


@pytest.mark.config("MaxMessageSize=64M\n")
async def test_row_63_over_signals_31_mib_is_too_much(websocket, bus_application, serve):
    async def sends_much(connection):
        await connection.protocol.send(bytes(31 * MIB))
        await connection.protocol.wait_closed()

    server = await serve(sends_much)
    await websocket.open(server.url())
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (200, "protocol")
    assert (await websocket.next(Close)).code == 1009
    assert (await (await server.accepted()).closed())[0] == 1009
    other = await bus_application.create()
    await other.open((await serve()).url())
    await other.echo("the service is still on the bus")


@pytest.mark.config("MaxMessageSize=64M\n")
async def test_row_63_over_the_stream_31_mib_both_ways(websocket, stream, serve):
    data = os.urandom(31 * MIB)
    await opened(websocket, (await serve()).url())
    sending = asyncio.create_task(stream.send(data))
    assert await stream.next() == data
    await sending


@pytest.mark.config("MaxMessageSize=1K\n")
async def test_largest_message(websocket, stream, serve):
    await opened(websocket, (await serve()).url())
    await stream.echo(bytes(1024))


BROKEN = {
    "too large": (header(1025, BINARY), 1009),
    "length of all ones": (header(2**32 - 1, TEXT), 1009),
    "kind 0": (header(1, 0) + b"x", 1002),
    "kind 3": (header(0, 3), 1002),
    "kind 255": (header(1, 255) + b"x", 1002),
    "reserved bytes": (header(1, TEXT, b"\0\0\1") + b"x", 1002),
    "text that is not UTF-8": (header(2, TEXT) + b"\xc0\x80", 1007),
    "text cut within a character": (header(1, TEXT) + b"\xe2", 1007),
    "after a good message": (framed("good") + header(1, 9), 1002),
    "random bytes": (b"\xff" * 100, 1002),
}


@pytest.mark.config("MaxMessageSize=1K\n")
@pytest.mark.parametrize("data, code", BROKEN.values(), ids=BROKEN)
async def test_broken_framing_ends_the_connection(websocket, stream, application, serve, data, code):
    server = await serve()
    other = await application.create()
    await other.open(server.url())
    await server.accepted()
    await opened(websocket, server.url())
    await stream.write(data)
    error = await websocket.next(Error)
    assert (error.code, error.stage) == (200, "protocol")
    assert (await websocket.next(Close)).code == code
    assert (await (await server.accepted()).closed())[0] == code
    websocket.nothing_more()
    while await stream.next() is not None:
        pass
    await other.echo("unharmed")


# The end.


async def gone(application, path):
    """Waits until there is no such object."""

    async def unknown():
        reply = await application.call(path, "org.freedesktop.DBus.Properties", "GetAll", "s", "org.wsbroker1.WebSocket")
        return reply.error_name == "org.freedesktop.DBus.Error.UnknownObject"

    await eventually(unknown, "end of the object")


HANG_UPS = {"close": lambda stream: stream.close(), "shutdown": lambda stream: stream.shut_down_writing()}


@pytest.mark.parametrize("hang_up", HANG_UPS.values(), ids=HANG_UPS)
async def test_hanging_up_releases_the_websocket(websocket, stream, application, serve, hang_up):
    server = await serve()
    await opened(websocket, server.url())
    connection = await server.accepted()
    await stream.echo("first")
    await stream.send("last")
    hang_up(stream)
    assert (await connection.closed())[0] == 1001
    assert connection.messages == ["first", "last"]
    await gone(application, websocket.path)
    websocket.nothing_more()


@pytest.mark.parametrize("hang_up", HANG_UPS.values(), ids=HANG_UPS)
async def test_hanging_up_before_connect(websocket, stream, application, hang_up):
    hang_up(stream)
    await gone(application, websocket.path)


async def test_hanging_up_while_connecting(websocket, stream, application, serve_raw):
    server = await serve_raw(silent)
    await websocket.connect(server.url())
    await server.connected()
    stream.close()
    await gone(application, websocket.path)
    await server.ended()


@pytest.mark.parametrize("piece", [framed("cut")[:3], framed("cut")[:9], framed(bytes(MIB))[:70000]], ids=len)
async def test_cut_within_a_message(websocket, stream, application, serve, piece):
    server = await serve()
    other = await application.create()
    await other.open(server.url())
    await server.accepted()
    await opened(websocket, server.url())
    connection = await server.accepted()
    await stream.write(framed("whole") + piece)
    stream.close()
    assert (await connection.closed())[0] == 1001
    assert connection.messages == ["whole"]
    await gone(application, websocket.path)
    await other.echo("unharmed")


async def test_close_takes_effect_after_what_was_written(websocket, stream, serve):
    async def reading(connection):
        async for message in connection.protocol:
            connection.messages.append(message)

    server = await serve(reading)
    await opened(websocket, server.url())
    connection = await server.accepted()
    sent = [struct.pack("=I", number) + bytes(900) for number in range(100)]
    await stream.send(*sent)
    await websocket.close(3456, "after all")
    assert await websocket.next() == Close(3456, "after all")
    assert await connection.closed() == (3456, "after all")
    assert connection.messages == sent
    assert await stream.next() is None


@pytest.mark.config("CloseTimeout=500ms\n")
async def test_close_towards_a_server_that_does_not_read(websocket, stream, serve_raw):
    server = await serve_raw(never_reads)
    await opened(websocket, server.url())
    with pytest.raises(asyncio.TimeoutError):
        # Enough to fill every buffer on the way, whatever their sizes.
        await asyncio.wait_for(asyncio.get_running_loop().sock_sendall(stream.socket, framed(bytes(MIB)) * 64), 2)
    await websocket.close()
    assert (await websocket.next()) == Close(1006, "")
    assert await stream.next() is None


async def never_reads(peer):
    await peer.accept()
    peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.writer.transport.pause_reading()
    await asyncio.Event().wait()


ENDINGS = {
    "close": (frames.close_frame(1001, "bye"), [Close(1001, "bye")]),
    "close without a code": (frames.close_frame(), [Close(1005, "")]),
    "TCP dropped": (b"", [Error, Close(1006, "")]),
    "broken frame": (b"\xff\xff", [Error, Close(1002, "")]),
}


@pytest.mark.parametrize("ending, events", ENDINGS.values(), ids=ENDINGS)
async def test_end_of_file_after_the_last_message(websocket, stream, serve_raw, ending, events):
    count = 2000

    async def script(peer):
        await peer.accept(*(frames.frame(frames.TEXT, b"%06d" % number + bytes(200)) for number in range(count)), ending)
        if ending:
            await peer.read_to_end()

    await opened(websocket, (await serve_raw(script)).url())
    for number in range(count):
        assert (await stream.next()).startswith(f"{number:06d}")
    assert await stream.next() is None
    for event in events:
        came = await websocket.next()
        assert came == event or isinstance(event, type) and isinstance(came, event)
    websocket.nothing_more()


async def test_what_was_received_can_be_read_after_the_end(websocket, stream, open_stream, serve_raw):
    """More than the socket's buffer takes, so that the service still has some of it; and it has one such stream for a
    WebSocket, not more."""
    size, count = 60000, 10

    async def script(peer):
        await peer.accept(*(frames.frame(frames.BINARY, bytes([number]) * size) for number in range(count)))
        await peer.read_to_end()

    server = await serve_raw(script)
    for _ in range(3):
        await opened(websocket, server.url())
        await stream.readable()
        received = await websocket.property("MessagesReceived")
        await websocket.close()
        while not isinstance(await websocket.next(), Close):
            pass
        previous, stream = stream, await open_stream(websocket)
        for number in range(received):
            assert await previous.next() == bytes([number]) * size
        await refused(401, websocket.open_stream())


# Pressure.


@pytest.mark.config("PingInterval=0\n")
async def test_who_does_not_read_holds_up_the_server_alone(websocket, stream, application, serve_raw, serve, service):
    size, count = 4096, 20000

    async def script(peer):
        await peer.accept()
        for number in range(count):
            await peer.write(frames.frame(frames.BINARY, struct.pack("=I", number) + bytes(size - 4)))
        await peer.write(frames.close_frame(1000))
        await peer.read_to_end()

    other = await application.create()
    await other.open((await serve()).url())
    await opened(websocket, (await serve_raw(script)).url())
    last = -1

    async def stands_still():
        nonlocal last
        previous, last = last, await websocket.property("BytesReceived")
        return last == previous

    before = service.resident_kib()
    await eventually(stands_still, "no more is read for who does not read")
    assert last < count * size / 4
    for _ in range(100):
        await other.echo("unharmed")
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - before < 4096
    for number in range(count):
        assert (await stream.next())[:4] == struct.pack("=I", number)
    assert await stream.next() is None
    assert await websocket.next() == Close(1000, "")


@pytest.mark.config("PingInterval=0\n")
async def test_who_writes_too_fast_is_held_up(websocket, stream, application, serve_raw, serve, service):
    """A server that does not read: the application blocks, and all arrives once it reads."""
    size, count = 65536, 1600
    proceed = asyncio.Event()

    async def script(peer):
        await peer.accept()
        peer.writer.transport.pause_reading()
        await proceed.wait()
        peer.writer.transport.resume_reading()
        for number in range(count):
            _opcode, payload = await peer.read_frame()
            assert payload[:4] == struct.pack("=I", number) and len(payload) == size
        return "all"

    other = await application.create()
    await other.open((await serve()).url())
    server = await serve_raw(script)
    await opened(websocket, server.url())
    sent = 0

    async def send():
        nonlocal sent
        for number in range(count):
            await asyncio.get_running_loop().sock_sendall(
                stream.socket, framed(struct.pack("=I", number) + bytes(size - 4))
            )
            sent += 1

    before = service.resident_kib()
    sending = asyncio.create_task(send())
    last = -1

    async def stands_still():
        nonlocal last
        previous, last = last, sent
        for _ in range(20):
            await other.echo("unharmed")
        return previous == last > 0

    await eventually(stands_still, "the application is held up")
    assert last < count / 2
    assert 0 < await websocket.property("Buffered") < 4 * MIB
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - before < 4096
    proceed.set()
    await within(sending, "all is sent", timeout=60)
    assert await server.ended() == "all"


async def test_passed_descriptors_are_discarded(websocket, stream, serve, service):
    await opened(websocket, (await serve()).url())
    await stream.echo("before")
    before = service.descriptors()
    with open("/dev/null", "rb") as null:
        for _ in range(20):
            socket.send_fds(stream.socket, [framed("with a descriptor")], [null.fileno()] * 5)
            assert await stream.next() == "with a descriptor"
    assert service.descriptors() == before


@pytest.mark.policy("[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.1:*\nAllowLocalAddresses=yes\n")
async def test_revocation_ends_the_stream_too(websocket, stream, serve, service):
    server = await serve()
    await opened(websocket, server.url())
    await stream.echo("allowed")
    service.write_policy("[user *]\nPermissions=\n")
    await service.reload()
    assert (await websocket.next(Error)).code == 201
    assert (await websocket.next(Close)).code == 1008
    assert await stream.next() is None
    assert (await (await server.accepted()).closed())[0] == 1008
