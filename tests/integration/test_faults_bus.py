# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus stands still, goes, or never answers, and processes are stopped and go on. No message is lost or doubled
between an application and a server that both stay, and what cannot go on ends in order on both sides."""

import asyncio
import os
import signal
import types

import pytest

from harness import accounts, frames
from harness.application import Close, Error, Message
from harness.bus_application import BusApplication
from harness.raw_server import silent
from harness.waiting import eventually, within

COUNT, SIZE = 4000, 4096  # more than the kernel's buffers take
GROWTH_KIB = 4096


def numbered(number):
    return number.to_bytes(4, "big") + bytes(SIZE - 4)


class Numbering:
    """A server that sends COUNT numbered messages when it is told to, and keeps what it receives."""

    def __init__(self):
        self.go = asyncio.Event()
        self.sent = 0
        self.received = []

    async def held_up(self):
        """When it has begun, and can write no more."""
        before = 0

        def stands_still():
            nonlocal before
            previous, before = before, self.sent
            return 0 < before == previous

        self.go.set()
        await eventually(stands_still, "a server that is held up")
        assert self.sent < COUNT

    async def __call__(self, peer):
        await peer.accept()
        sending = asyncio.create_task(self._send(peer))
        try:
            while True:
                opcode, payload = await peer.read_frame()
                if opcode == frames.CLOSE:
                    await peer.write(frames.frame(frames.CLOSE, payload))
                    return payload
                self.received.append(payload)
        finally:
            sending.cancel()

    async def _send(self, peer):
        await self.go.wait()
        for number in range(COUNT):
            await peer.write(frames.frame(frames.BINARY, numbered(number)))
            self.sent += 1


@pytest.fixture
def stand_still(service):
    """Stops a process, until the end of the test at the latest."""
    stopped = []

    def stop(pid):
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)

    yield stop
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)


async def test_bus_stands_still(service, bus_application, serve_raw, stand_still):
    """What the server says meanwhile is held back, within bounds, and comes in order when the bus goes on."""
    numbering = Numbering()
    websocket = await bus_application.create()
    await websocket.open((await serve_raw(numbering)).url())
    before = service.resident_kib()
    stand_still(service.bus.pid)
    sends = [asyncio.ensure_future(websocket.send(numbered(number))) for number in range(2)]
    await numbering.held_up()
    os.kill(service.bus.pid, signal.SIGCONT)
    for number in range(COUNT):
        assert await websocket.next(Message) == Message(numbered(number))
    await within(asyncio.gather(*sends), "replies of the sends")
    await eventually(lambda: len(numbering.received) == 2, "messages at the server")
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - before < GROWTH_KIB


async def test_bus_stands_still_and_the_streams_go_on(service, serve, stand_still):
    """The data plane passes the bus by."""
    application = await BusApplication.start(service.bus.new_connection(with_descriptors=True))
    websocket = await application.create()
    stream = await websocket.open_stream()
    await websocket.open((await serve()).url())
    stand_still(service.bus.pid)
    for number in range(100):
        await stream.echo(numbered(number))
    os.kill(service.bus.pid, signal.SIGCONT)
    await websocket.close()
    assert await websocket.next(Close) == Close(1000, "")
    stream.close()
    await application.leave()


@pytest.mark.config("FenceTimeout=1s\nMaxBufferedBytes=4K\n")
async def test_bus_stands_still_for_too_long(bus_application, serve_raw, service, stand_still):
    """Nobody can tell it from an application that does not answer: after FenceTimeout its connections end."""
    numbering = Numbering()
    server = await serve_raw(numbering)
    websocket = await bus_application.create()
    await websocket.open(server.url())
    stand_still(service.bus.pid)
    numbering.go.set()
    assert (await server.ended())[:2] == (1008).to_bytes(2, "big")
    os.kill(service.bus.pid, signal.SIGCONT)
    event = await websocket.next()
    while isinstance(event, Message):
        event = await websocket.next()
    assert isinstance(event, Error) and (event.code, event.stage) == (2302100, "limit"), event
    assert (await websocket.next(Close)).code == 1008
    # It may come back at once.
    await websocket.open(server.url())


async def test_bus_goes_and_each_server_is_told(stopped_service, bus, serve, serve_raw):
    service = await stopped_service.start()
    application = await BusApplication.start(bus.new_connection(with_descriptors=True))
    server, mute = await serve(), await serve_raw(silent)
    opened, streamed, connecting = [await application.create() for _ in range(3)]
    await opened.open(server.url())
    stream = await streamed.open_stream()
    await streamed.open(server.url())
    await connecting.connect(mute.url())
    await mute.connected()
    await bus.process.stop(signal.SIGKILL)
    for _ in range(2):
        assert (await (await server.accepted()).closed())[0] == 1001
    await mute.ended()
    assert await stream.next() is None
    assert await service.process.exit_status() > 0
    stream.close()


@pytest.fixture
async def start_on(stopped_service, directory):
    """Starts the service on a bus that is what serve(reader, writer) makes of it; its process."""
    servers = []

    async def start(serve):
        path = f"{directory}/no-bus"
        servers.append(await asyncio.start_unix_server(serve, path))
        os.chmod(path, 0o666)
        stopped_service.bus = types.SimpleNamespace(address=f"unix:path={path}")
        return await stopped_service.spawn().start()

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("lines", range(4))
async def test_bus_goes_while_the_service_starts(start_on, lines):
    """After so much of the conversation with which a connection to a bus begins: the service ends, and says so."""

    async def serve(reader, writer):
        for _ in range(lines):
            await reader.readuntil(b"\r\n")
        if lines > 1:
            writer.write(b"DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n")
        writer.close()

    process = await start_on(serve)
    assert await process.exit_status() > 0
    assert process.stderr().strip()


async def test_bus_never_answers(start_on):
    """The service waits, and ends when it is told to."""
    connected = asyncio.Event()

    async def serve(reader, _writer):
        connected.set()
        await reader.read()

    process = await start_on(serve)
    await within(connected.wait(), "connection to the bus")
    # By the signal itself, where it comes before anything was there to be ended in order.
    assert await process.stop(signal.SIGTERM) in (0, -signal.SIGTERM)


async def test_service_stands_still(service, application, serve_raw, stand_still):
    """What both sides say meanwhile is there, in order, when it goes on."""
    numbering = Numbering()
    server = await serve_raw(numbering)
    websocket = await application.create()
    await websocket.open(server.url())
    stand_still(service.process.pid)
    sends = [asyncio.ensure_future(websocket.send(numbered(number))) for number in range(2)]
    await numbering.held_up()
    os.kill(service.process.pid, signal.SIGCONT)
    for number in range(COUNT):
        assert await websocket.next(Message) == Message(numbered(number))
    await within(asyncio.gather(*sends), "replies of the sends")
    # A send is answered when it is taken, which may be before it has arrived.
    await eventually(lambda: len(numbering.received) == 2, "messages at the server")
    assert numbering.received == [numbered(0), numbered(1)]


@accounts.needs_root
async def test_many_callers_of_a_user_at_once(service, stand_still):
    """As when a session starts: more than the helper looks at, at a time, for one user. Each is known in the end."""
    applications = [await BusApplication.start(service.bus.new_connection()) for _ in range(20)]
    await service.generation()  # whose caller is known from here on
    stand_still(service.identity_helper.process.pid)
    calls = [asyncio.ensure_future(each.call_manager("WhoAmI")) for each in applications]
    # Behind them all: the service has asked when this is answered.
    await service.generation()
    os.kill(service.identity_helper.process.pid, signal.SIGCONT)
    assert {(await call)[0] for call in calls} == {"user root"}
    for each in applications:
        await each.leave()
