# SPDX-License-Identifier: LGPL-2.1-or-later
"""Applications that do not read and servers that do not: bounded, in order, and nobody else's loss (ACCEPTANCE rows
61 and 62)."""

import asyncio
import os
import signal
import socket
import struct

import pytest

from harness import accounts, frames
from harness.application import Close, Error, Message
from harness.bus_application import WEBSOCKET, BusApplication, to_variant
from harness.mute_application import MuteApplication, Replies
from harness.waiting import eventually, within

MIB = 2**20
GROWTH_KIB = 4096  # what a reader that stalls may cost


def numbered(size, number):
    return struct.pack("!I", number) + bytes(size - 4)


def pushing(size, count):
    """A script that sends COUNT numbered messages, then waits for the end."""

    async def script(peer):
        await peer.accept()
        for number in range(count):
            await peer.write(frames.frame(frames.BINARY, numbered(size, number)))
        await peer.read_to_end()

    return script


async def flooding(peer):
    await peer.accept()
    while True:
        await peer.write(frames.frame(frames.BINARY, bytes(2000)) * 10)


@pytest.fixture
async def mute(service):
    """Starts applications that never answer Ping."""
    started = []

    async def start():
        started.append(await MuteApplication.start(service.bus.new_connection()))
        return started[-1]

    yield start
    for application in started:
        await application.leave()


async def lost(websocket):
    """Waits, past its messages, for the end that a mute owner's WebSocket comes to."""
    event = await websocket.next()
    while isinstance(event, Message):
        event = await websocket.next()
    assert isinstance(event, Error) and (event.code, event.stage) == (2302100, "limit"), event
    assert (await websocket.next(Close)).code == 1008
    websocket.nothing_more()


MUTE_CONFIG = "FenceTimeout=1s\nMaxBufferedBytes=4K\nMaxConnections=200\nMaxPendingHandshakes=64\n"


@pytest.mark.config(MUTE_CONFIG)
async def test_row_61_owners_that_never_answer(remote, mute, serve, serve_raw):
    flood, server = await serve_raw(flooding), await serve()
    # In a process of its own, which answers in time whatever this one has to do.
    healthy = await (await remote()).create()
    await healthy.open(server.url())
    over = asyncio.Event()

    async def go_on():
        while not over.is_set():
            await healthy.echo("x" * 8000)

    await healthy.echo("x" * 8000)
    going_on = asyncio.create_task(go_on())
    websockets = []
    for _ in range(130):
        websockets.append(await (await mute()).create())
        await websockets[-1].open(flood.url())
    # Each within a second of its last answer; a slow machine is given many.
    await within(asyncio.gather(*map(lost, websockets)), "end of the mute owners' connections", timeout=60)
    over.set()
    await within(going_on, "the healthy owner's messages")
    for _ in range(5):
        await healthy.echo("z" * 8000)
    if accounts.IS_ROOT:
        # One of another user, who comes while they are all still on the bus.
        late = await (await remote(user=accounts.ALICE)).create()
        await late.open(server.url())
        for _ in range(5):
            await late.echo("y" * 8000)


@pytest.mark.config(MUTE_CONFIG)
async def test_every_websocket_of_a_mute_owner(mute, bus_application, serve, serve_raw):
    flood, server = await serve_raw(flooding), await serve()
    owner = await mute()
    flooded, idle = await owner.create(), await owner.create()
    await idle.open(server.url())
    await flooded.open(flood.url())
    await lost(flooded)
    await lost(idle)
    assert (await (await server.accepted()).closed())[0] == 1008
    # And whatever it opens while it still has not answered.
    await idle.open(server.url())
    await lost(idle)
    other = await bus_application.create()
    await other.open(server.url())
    await other.echo("unharmed")


# Time for this process to answer in, whatever else the machine does.
@pytest.mark.config(MUTE_CONFIG.replace("FenceTimeout=1s", "FenceTimeout=5s"))
async def test_owner_that_answers_again_may_go_on(mute, serve, serve_raw):
    flood, server = await serve_raw(flooding), await serve()
    owner = await mute()
    websocket = await owner.create()
    await websocket.open(flood.url())
    await lost(websocket)
    # It would go on until the close timeout, in the process that answers from now on.
    await flood.stop()
    owner.mute = False
    assert owner.pings
    owner.answer_pings()
    await websocket.open(server.url())
    for _ in range(5):
        await websocket.echo("x" * 8000)


def bus_pid(service):
    return service.bus.process.pid


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


async def received_bytes(service, path):
    return (await service.list_websockets())[path]["BytesReceived"]


@pytest.mark.config("MaxConnections=200\n")
async def test_stalled_owner_gets_everything_in_order(remote, bus_application, serve_raw, serve, service):
    """More than the kernel's buffers take: the server is held up, not the memory filled."""
    size, count = 4096, 6000
    server = await serve_raw(pushing(size, count))
    owner = await remote()
    websocket = await owner.create()
    await websocket.open(server.url())
    assert (await websocket.next(Message)).data == numbered(size, 0)
    os.kill(owner.process.pid, signal.SIGSTOP)
    other = await bus_application.create()
    await other.open((await serve()).url())
    await other.echo("another owner goes on")
    before = await received_bytes(service, websocket.path)

    async def stands_still():
        nonlocal before
        previous, before = before, await received_bytes(service, websocket.path)
        return before == previous

    await eventually(stands_still, "no more is read for who does not read")
    service_kib, bus_kib = service.resident_kib(), resident_kib(bus_pid(service))
    for _ in range(300):
        await other.echo("another owner goes on")
    assert before < count * size / 2
    assert await received_bytes(service, websocket.path) - before <= MIB
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - service_kib < GROWTH_KIB
        assert resident_kib(bus_pid(service)) - bus_kib < GROWTH_KIB
    os.kill(owner.process.pid, signal.SIGCONT)
    for number in range(1, count):
        assert (await websocket.next(Message)).data == numbered(size, number)


async def never_reads(peer):
    await peer.accept()
    peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.writer.transport.pause_reading()
    await asyncio.Event().wait()


@pytest.mark.config("CloseTimeout=500ms\n")
async def test_row_62_sends_that_nobody_awaits(service, bus_application, serve_raw, serve):
    hasty = await BusApplication.start(service.bus.new_connection())
    websocket = await hasty.create()
    await websocket.open((await serve_raw(never_reads)).url())
    before, replies = service.resident_kib(), Replies(hasty)
    other = await bus_application.create()
    await other.open((await serve()).url())
    for number in range(10000):
        replies.post(websocket.path, WEBSOCKET, "Send", "v", to_variant(bytes(4096)))
        if number % 1000 == 999:
            await other.echo("others are served")
    # One waits for room; each of the rest has its answer, the service's or the bus's own.
    await eventually(lambda: replies.waiting <= 1, "replies")
    assert replies.errors.count("org.wsbroker1.Error.LimitExceeded") > 0
    assert set(replies.errors) <= {
        "org.wsbroker1.Error.LimitExceeded",
        "org.freedesktop.DBus.Error.LimitsExceeded",
    }
    assert await websocket.property("Buffered") < MIB
    if "ASAN_OPTIONS" not in os.environ:
        assert service.resident_kib() - before < GROWTH_KIB
    await other.echo("others are served")
    await hasty.leave()
