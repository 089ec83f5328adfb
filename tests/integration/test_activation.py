# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service is stopped, and comes back by itself when it is used again (ACCEPTANCE row 45)."""

import signal
import types

import pytest

from harness.application import Close, Error
from harness.bus_application import BusApplication
from harness.library_application import LibraryApplication


@pytest.fixture
async def activating_library(activating_bus, directory):
    application = LibraryApplication(directory, types.SimpleNamespace(bus=activating_bus))
    try:
        yield await application.start()
        await application.leave()
    finally:
        await application.destroy()


async def test_row_45_library_starts_the_service_again(activating_bus, activating_library, serve):
    server = await serve()
    websocket = await activating_library.create()
    assert await activating_bus.service_pid() is None
    pids = set()
    for _ in range(3):
        await websocket.open(server.url())
        await websocket.echo("by activation")
        pids.add(await activating_bus.service_pid())
        await activating_bus.stop_service()
        assert (await (await server.accepted()).closed())[0] == 1001
        assert isinstance(await websocket.next(), Error)
        assert (await websocket.next(Close)).code in (1001, 1006)
        await activating_library.command("barrier")
        websocket.nothing_more()
    assert len(pids) == 3


async def test_row_45_each_of_several_hears_it_once(activating_bus, activating_library, serve):
    server = await serve()
    websockets = [await activating_library.create() for _ in range(5)]
    for websocket in websockets:
        await websocket.open(server.url())
    await activating_bus.stop_service()
    for websocket in websockets:
        assert (await (await server.accepted()).closed())[0] == 1001
        assert isinstance(await websocket.next(), Error)
        await websocket.next(Close)
    await activating_library.command("barrier")
    for websocket in websockets:
        websocket.nothing_more()
    await websockets[0].open(server.url())


async def test_row_45_killed_service(activating_bus, activating_library, serve):
    """It has no time for a goodbye."""
    server = await serve()
    websocket = await activating_library.create()
    await websocket.open(server.url())
    await activating_bus.stop_service(signal.SIGKILL)
    assert (await websocket.next(Error)).code == 200
    assert await websocket.next(Close) == Close(1006, "")
    await websocket.open(server.url())
    await websocket.echo("by activation")
    websocket.nothing_more()


async def test_row_45_over_the_bus(activating_bus, serve):
    await activating_bus.administrator.call_bus("StartServiceByName", "su", "org.wsbroker1", 0)
    server = await serve()
    application = await BusApplication.start(activating_bus.new_connection())
    websocket = await application.create()
    await websocket.open(server.url())
    await activating_bus.stop_service()
    assert (await (await server.accepted()).closed())[0] == 1001
    assert isinstance(await websocket.next(), Error)
    assert (await websocket.next(Close)).code == 1001
    await application.leave()
