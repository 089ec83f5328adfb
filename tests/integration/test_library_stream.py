# SPDX-License-Identifier: LGPL-2.1-or-later
"""The data plane through the library: large messages, and readers and servers that stall (ACCEPTANCE row 63)."""

import asyncio
import os
import resource
import signal
import struct
import subprocess
import time

import pytest

from harness import frames
from harness.application import Close, Error, Message, refused
from harness.library_application import program
from harness.process import Process
from harness.service import environment
from harness.waiting import eventually, within

MIB = 2**20
GROWTH_KIB = 4096  # what one that stalls may cost the service
# And the sending process: WSB_SEND_QUEUE_MAX, 4 MiB, in memory that doubles as it grows and is copied then (16 MiB at
# the most), beside what a small program has at first.
SENDER_KIB = 16 * 1024 + 8 * 1024
SANITIZED = "ASAN_OPTIONS" in os.environ

APPLICATIONS = ["library", "library-signals"]


def sockets(process):
    """How many the process has open: one for the bus, and one for each stream."""
    directory = f"/proc/{process.pid}/fd"
    return sum(_is_socket(os.path.join(directory, fd)) for fd in os.listdir(directory))


def _is_socket(path):
    try:
        return os.readlink(path).startswith("socket:")
    except FileNotFoundError:  # it has just been closed
        return False


async def test_one_stream_for_each_connection(library_application, serve):
    process = library_application.process
    server = await serve()
    before = sockets(process)
    websocket, other = await library_application.create(), await library_application.create()
    await websocket.open(server.url())
    assert sockets(process) == before + 1
    await other.open(server.url())
    assert sockets(process) == before + 2
    await websocket.close(1000, "")
    assert await websocket.next(Close) == Close(1000, "")
    assert sockets(process) == before + 1
    await websocket.open(server.url())
    await websocket.echo("over another")
    assert sockets(process) == before + 2
    await websocket.release()
    await other.release()
    await eventually(lambda: sockets(process) == before, "no stream left")


async def test_refused_attempt_leaves_its_stream_to_the_next(library_application, serve):
    process = library_application.process
    server = await serve()
    before = sockets(process)
    websocket = await library_application.create()
    for _ in range(3):
        await refused(2302001, websocket.connect("http://example.com/"))
        assert sockets(process) == before + 1
    await websocket.open(server.url())
    await websocket.echo("over the same")
    assert sockets(process) == before + 1


async def test_none_without(library_signals_application, serve):
    process = library_signals_application.process
    server = await serve()
    before = sockets(process)
    websocket = await library_signals_application.create()
    await websocket.open(server.url())
    await websocket.echo("over the bus")
    assert sockets(process) == before


async def test_no_descriptor_left(library_application, serve):
    """In the application: its messages take the bus, and the bus is not lost."""
    process = library_application.process
    server = await serve()
    websocket, other = await library_application.create(), await library_application.create()
    await websocket.open(server.url())
    limit = max(map(int, os.listdir(f"/proc/{process.pid}/fd"))) + 1
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    before = sockets(process)
    await other.open(server.url())
    assert sockets(process) == before
    await other.echo("over the bus")
    await websocket.echo("still over the stream")


def pushing(message):
    async def script(peer):
        await peer.accept()
        await peer.write(frames.frame(frames.BINARY, message))
        await peer.read_to_end()

    return script


@pytest.mark.config("MaxMessageSize=64M\n")
async def test_row_63_over_the_stream(library_application, serve, serve_raw):
    message = os.urandom(31 * MIB)
    websocket = await library_application.create()
    await websocket.open((await serve_raw(pushing(message))).url())
    assert (await websocket.next(Message)).data == message
    other = await library_application.create()
    await other.open((await serve()).url())
    await other.echo(message)


@pytest.mark.config("MaxMessageSize=64M\n")
async def test_row_63_over_signals(library_signals_application, serve, serve_raw):
    websocket = await library_signals_application.create()
    await websocket.open((await serve_raw(pushing(bytes(31 * MIB)))).url())
    assert (await websocket.next(Error)).code == 200
    assert (await websocket.next(Close)).code == 1009
    other = await library_signals_application.create()
    await other.open((await serve()).url())
    await other.echo("the service is still there")


def numbered(number, size):
    return struct.pack("!I", number) + bytes(size - 4)


STALL = 20  # seconds
SIZE = 2000


class Flood:
    """Sends numbered messages until it is told to stop, then a last one, which is text."""

    def __init__(self):
        self.stopped = asyncio.Event()
        self.sent = 0

    async def __call__(self, peer):
        await peer.accept()
        while not self.stopped.is_set():
            batch = [numbered(self.sent + i, SIZE) for i in range(50)]
            self.sent += len(batch)
            await peer.write(*(frames.frame(frames.BINARY, message) for message in batch))
        await peer.write(frames.frame(frames.TEXT, b"the last"))
        await peer.read_to_end()


async def test_stalled_reader_gets_everything_in_order(application, bus_application, serve, serve_raw, service):
    flood = Flood()
    websocket = await application.create()
    await websocket.open((await serve_raw(flood)).url())
    assert await websocket.next(Message) == Message(numbered(0, SIZE))
    application.process.send_signal(signal.SIGSTOP)
    other = await bus_application.create()
    await other.open((await serve()).url())
    await other.echo("others are served")
    before, end = service.resident_kib(), time.monotonic() + STALL
    while time.monotonic() < end:
        await other.echo("others are served")
    if not SANITIZED:
        assert service.resident_kib() - before < GROWTH_KIB
    flood.stopped.set()
    application.process.send_signal(signal.SIGCONT)
    for number in range(1, flood.sent):
        assert (await websocket.next(Message)).data == numbered(number, SIZE)
    # What was written when the flood ended, and what the script wrote after that.
    assert await websocket.next(Message) == Message("the last")


@pytest.fixture
async def upload(service, directory):
    """Starts library-upload: upload(url, count, size)."""
    started = []

    async def start(url, count, size):
        process = Process(
            "library-upload",
            directory,
            [os.path.join(os.path.dirname(program()), "library-upload"), service.bus.address, url, count, size],
            env=environment(),
            stdout=subprocess.PIPE,
        )
        started.append(await process.start())
        return process

    yield start
    for process in started:
        await process.destroy()
        print(process.stderr())


async def next_line(process, timeout=120):
    return (await within(process.child.stdout.readline(), "line of library-upload", timeout)).decode().strip()


def resident_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


class StallingServer:
    """Reads nothing until it is told to; then what comes must be numbered messages."""

    def __init__(self):
        self.go_on = asyncio.Event()
        self.received = 0

    async def __call__(self, connection):
        await self.go_on.wait()
        async for message in connection.protocol:
            assert struct.unpack_from("!I", message) == (self.received,)
            self.received += 1


@pytest.fixture
def stalling(servers):
    """Goes on at the end in any case, as the server's end waits for it."""
    handler = StallingServer()
    yield handler
    handler.go_on.set()


async def test_server_that_does_not_read(service, bus_application, upload, serve, stalling):
    """1 GiB, of which no more is kept than what the buffers on the way are for."""
    size, count = 65536, 16384
    server = await serve(stalling, max_queue=1, read_limit=65536)
    other = await bus_application.create()
    await other.open((await serve()).url())
    await other.echo("others are served")
    before = service.resident_kib()
    process = await upload(server.url(), count, size)
    assert await next_line(process) == "full"
    for _ in range(300):
        await other.echo("others are served")
    if not SANITIZED:
        assert service.resident_kib() - before < GROWTH_KIB
        assert resident_kib(process) < SENDER_KIB
    stalling.go_on.set()
    assert await next_line(process) == "sent"
    await eventually(lambda: stalling.received == count, "all delivered")
    assert await process.exit_status() == 0
    if not SANITIZED:
        assert service.resident_kib() - before < GROWTH_KIB


@pytest.mark.config("CloseTimeout=500ms\n")
async def test_killed_in_the_middle_of_a_message(service, bus_application, upload, serve, stalling):
    server = await serve(stalling, max_queue=1)
    other = await bus_application.create()
    await other.open((await serve()).url())
    process = await upload(server.url(), 1024, MIB)
    connection = await server.accepted()
    assert await next_line(process) == "full"
    await process.stop(signal.SIGKILL)

    async def is_released():
        return await service.property("WebSockets") == 1

    await eventually(is_released, "release of what the application had")
    stalling.go_on.set()
    await connection.closed()
    assert stalling.received < 1024
    await other.echo("others are served")
