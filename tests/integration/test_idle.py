# SPDX-License-Identifier: LGPL-2.1-or-later
"""ExitOnIdle: the service goes when nobody uses it, and never while somebody does."""

import pytest
from dbus_next import Variant

from harness import frames
from harness.application import Close
from harness.bus import BUS_NAME
from harness.bus_application import BusApplication

# Longer than this process needs to become a user of the service, also on a busy machine.
pytestmark = pytest.mark.config("ExitOnIdle=2s\n")


async def pings_seen(peer, count):
    """COUNT of the service's own pings, one a second."""
    for _ in range(count):
        opcode, payload = await peer.read_frame()
        assert opcode == frames.PING
        await peer.write(frames.frame(frames.PONG, payload))


async def test_exits_by_itself(stopped_service, bus):
    await stopped_service.start()
    assert await stopped_service.process.exit_status() == 0
    connection = await bus.connect()
    assert await connection.call_bus("NameHasOwner", "s", BUS_NAME) == [False]
    connection.disconnect()


async def test_not_while_there_is_a_websocket(stopped_service, bus, serve_raw):
    async def script(peer):
        await peer.accept()
        await pings_seen(peer, 5)  # more than twice as long as it may be idle
        await peer.write(frames.close_frame(1000))
        await peer.read_to_end()

    server = await serve_raw(script)
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    websocket = await application.create()
    await websocket.open(server.url(), pingInterval=Variant("u", 1))
    assert (await websocket.next(Close)).code == 1000
    # It is still there, connected or not, and so is the service.
    assert await websocket.property("State") == "closed"
    await websocket.release()
    assert await stopped_service.process.exit_status() == 0
    await application.leave()


async def test_after_the_owner_has_gone(stopped_service, bus, serve):
    server = await serve()
    await stopped_service.start()
    application = await BusApplication.start(bus.new_connection())
    await (await application.create()).open(server.url())
    await application.leave()
    assert (await (await server.accepted()).closed())[0] == 1001
    assert await stopped_service.process.exit_status() == 0


@pytest.mark.config("ExitOnIdle=10ms\n")
async def test_no_call_is_lost_at_the_end(stopped_service, bus):
    """The name is given back before the service goes: a call is answered, or was for the next instance. The pauses
    between calls grow, so that some call meets the end."""
    connection = await bus.connect()
    await stopped_service.start()
    answered = 0
    while True:
        reply = await connection.call(BUS_NAME, "/org/wsbroker1", "org.wsbroker1.Manager", "WhoAmI")
        if reply.message_type.name == "ERROR":
            break
        answered += 1
        for _ in range(answered):
            await connection.call_bus("GetId")
    assert reply.error_name == "org.freedesktop.DBus.Error.ServiceUnknown", reply.body
    assert await stopped_service.process.exit_status() == 0
    connection.disconnect()
