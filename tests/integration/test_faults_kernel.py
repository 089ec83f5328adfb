# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clock is set, and room runs out in the kernel and on the disk. What the service counts in time it counts on the
clock that nobody sets; it keeps no file, so what a full disk can take from it are its own words."""

import time

import pytest

from harness import frames
from harness.application import Close, Error, refused
from harness.bus_application import BusApplication
from harness.connect_options import open_with
from harness.cuts import CONFIG
from harness.fault_injection import FaultInjection
from harness.raw_server import silent
from harness.service import DEFAULT_CONFIG, DEFAULT_POLICY
from harness.waiting import eventually

DAY = 24 * 3600
JUMPS = pytest.mark.parametrize("jump", [10_000 * DAY, -10_000 * DAY], ids=["ahead", "back"])


@pytest.fixture
def faults(directory):
    return FaultInjection(directory)


@pytest.fixture
async def application(stopped_service, faults, bus, servers):
    await stopped_service.start(**faults.environment)
    application = await BusApplication.start(bus.new_connection())
    yield application
    await application.leave()
    await stopped_service.finish()


class Pinged:
    """A server that answers and counts pings, and echoes."""

    def __init__(self):
        self.pings = 0

    async def __call__(self, peer):
        await peer.accept()
        while True:
            opcode, payload = await peer.read_frame()
            if opcode == frames.PING:
                self.pings += 1
                await peer.write(frames.frame(frames.PONG, payload))
            elif opcode == frames.CLOSE:
                await peer.write(frames.close_frame(1000))
                return
            else:
                await peer.write(frames.frame(opcode, payload))


async def connected_at(websocket):
    return await websocket.property("ConnectedAt") / 1e6


@JUMPS
async def test_clock_is_set_while_a_connection_is_open(application, faults, serve_raw, jump):
    """Pings go on in their time, and a silence is no longer than it is, however long this process may take to answer.
    The service has seen the clock."""
    pinged = Pinged()
    server = await serve_raw(pinged)
    websocket, later = await application.create(), await application.create()
    await open_with(websocket, server.url(), pingInterval=1, pongTimeout=20)
    since = await connected_at(websocket)
    faults.set_clock(jump)
    await websocket.echo("still open")
    seen = pinged.pings
    await eventually(lambda: pinged.pings >= seen + 2, "pings after the clock was set")
    await websocket.echo("still open")
    websocket.nothing_more()
    await later.open(server.url())
    assert await connected_at(websocket) == since
    assert abs(await connected_at(later) - since - jump) < DAY
    assert abs(time.time() - since) < DAY


CONNECT_TIMEOUT = 5  # seconds


@pytest.mark.config(f"ConnectTimeout={CONNECT_TIMEOUT}s\nCloseTimeout=200ms\n")
@JUMPS
async def test_clock_is_set_while_connecting(application, faults, serve_raw, jump):
    """The deadline comes no sooner, and comes."""

    async def waits(peer):
        await peer.read_request()
        faults.set_clock(jump)
        await peer.write(frames.response(peer.key))
        await peer.read_to_end()

    opened, waiting = await application.create(), await application.create()
    started = time.monotonic()
    await waiting.connect((await serve_raw(silent)).url())
    await opened.open((await serve_raw(waits)).url())
    assert await waiting.property("State") == "connecting" or time.monotonic() - started >= CONNECT_TIMEOUT
    error = await waiting.next(Error)
    assert (error.code, error.stage) == (200, "timeout")


async def test_clock_is_set_and_no_rate_is_regained(stopped_service, faults, bus, serve):
    stopped_service.write_policy(DEFAULT_POLICY + "MaxConnectRate=3/min\n")
    await stopped_service.start(**faults.environment)
    application = await BusApplication.start(bus.new_connection())
    server = await serve()
    websockets = [await application.create() for _ in range(4)]
    for websocket in websockets[:3]:
        await websocket.open(server.url())
    for jump in (10 * DAY, -10 * DAY):
        faults.set_clock(jump)
        assert "MaxConnectRate" in await refused(2302100, websockets[3].connect(server.url()))
    await application.leave()
    await stopped_service.finish()


async def test_clock_is_set_beyond_a_certificate(application, faults, serve, authority, needs_names):
    """A certificate is judged by the clock as it is now. A connection that was made before goes on."""
    server = await serve(ssl=authority.server_context("server", "chat.example.test"))
    url = server.url(host="chat.example.test")
    before, after = await application.create(), await application.create()
    await before.open(url)
    for jump in (10_000 * DAY, -10_000 * DAY):
        faults.set_clock(jump)
        error = await after.fail(url)
        assert (error.code, error.stage) == (200, "tls"), error
        await before.echo("still open")
    faults.set_clock(0)
    await after.open(url)


@pytest.mark.config(CONFIG)
async def test_epoll_has_no_room(application, faults, serve):
    """ENOSPC: new connections cost more, but none is deaf."""
    server = await serve()
    before = await application.create()
    await before.open(server.url())
    faults.set_no_watches(True)
    websockets = [await application.create() for _ in range(8)]
    for websocket in websockets:
        await websocket.open(server.url())
    for _ in range(3):
        for websocket in [before, *websockets]:
            await websocket.echo("heard")
    assert faults.refused >= len(websockets)
    faults.set_no_watches(False)
    for websocket in [before, *websockets]:
        await websocket.echo("heard again")
        await websocket.close()
        assert (await websocket.next(Close)).code == 1000


async def test_disk_is_full(stopped_service, bus, serve):
    """ENOSPC for every line of the log: decisions are made as before."""
    command = stopped_service.namespace.command
    stopped_service.namespace.command = lambda: [*command(), "sh", "-c", 'exec "$@" >/dev/full 2>&1', "sh"]
    stopped_service.write_config(DEFAULT_CONFIG)
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    server = await serve()
    for _ in range(20):
        websocket = await application.create()
        await websocket.open(server.url())
        await websocket.echo("goes on")
        await websocket.release()
    await stopped_service.reload()
    stopped_service.write_policy("[user *]\nPermissions=\n")
    await stopped_service.reload()
    await refused(201, (await application.create()).connect(server.url()))
    await application.leave()
    await stopped_service.finish()
    assert "allowed" not in stopped_service.process.stderr()
