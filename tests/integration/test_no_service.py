# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library without a bus, without a service, and with one that does not answer (ACCEPTANCE row 48)."""

import json
import signal
import subprocess
import types

import pytest

from harness.application import Close, Message, refused
from harness.library_application import LibraryApplication, program, to64
from harness.process import Process
from harness.service import environment
from harness.waiting import within

UNKNOWN = 2302999


@pytest.mark.parametrize(
    "address",
    ["unix:path=/nowhere/bus", "tcp:host=127.0.0.1,port=1", "nonsense", ""],
    ids=["no socket", "nobody listens", "no address", "empty"],
)
async def test_row_48_no_bus(directory, address):
    """An error, not an abort: at once, or at the first use where the bus is asked only then."""
    process = await Process(
        "library-driver",
        directory,
        [program(), f"--address={address}"],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ).start()
    try:
        ready = json.loads(await within(process.child.stdout.readline(), "start of library-driver"))["ready"]
        if ready == 0:
            process.child.stdin.write(f"create a\nconnect-sync a 2000 {to64('ws://h/')}\n".encode())
            await within(process.child.stdout.readline(), "answer to create")
            ready = json.loads(await within(process.child.stdout.readline(), "answer to connect"))["result"]
        assert ready < 0
        process.child.stdin.close()
        assert await process.exit_status() in (0, 1)
    finally:
        await process.destroy()
        print(process.stderr())


def library(directory, bus, *arguments):
    application = LibraryApplication(directory, types.SimpleNamespace(bus=bus))
    application.process.argv += arguments
    return application


@pytest.fixture
async def hasty(service, directory):
    """An application that waits for the service two seconds at most: more than a service takes that does answer."""
    application = library(directory, service.bus, "--timeout=2000")
    try:
        yield await application.start()
        await application.leave()
    finally:
        await application.destroy()


async def test_row_48_no_service(bus, directory):
    application = library(directory, bus)
    try:
        await application.start()
        websocket = await application.create()
        for _ in range(2):
            await refused(UNKNOWN, websocket.connect("ws://127.0.0.1/"))
        await refused(UNKNOWN, application.command("connect-sync", websocket.name, "2000", to64("ws://h/")))
        websocket.nothing_more()
        await application.leave()
    finally:
        await application.destroy()


@pytest.fixture
def stand_still(service):
    """Stops the service's process, until the end of the test at the latest."""
    yield lambda: service.process.send_signal(signal.SIGSTOP)
    service.process.send_signal(signal.SIGCONT)


async def test_row_48_connect_to_a_service_that_stops_answering(hasty, service, stand_still, serve):
    server = await serve()
    websocket = await hasty.create()
    stand_still()
    await refused(UNKNOWN, websocket.connect(server.url()))
    await refused(UNKNOWN, hasty.command("connect-sync", websocket.name, "300", to64(server.url())))
    websocket.nothing_more()
    service.process.send_signal(signal.SIGCONT)
    await websocket.open(server.url())
    await websocket.echo("again")


async def test_row_48_close_at_a_service_that_stops_answering(hasty, service, stand_still, serve):
    server = await serve()
    websocket = await hasty.create()
    await websocket.open(server.url())
    stand_still()
    await refused(UNKNOWN, websocket.close(1000, ""))
    service.process.send_signal(signal.SIGCONT)
    assert (await (await server.accepted()).closed())[0] == 1000
    assert (await websocket.next(Close)).code == 1000


async def test_row_48_blocking_send_to_a_service_that_stops_answering(hasty, service, stand_still, serve):
    """What was sent in vain may still be delivered. It is more than the stream's socket has room for."""
    server = await serve()
    websocket = await hasty.create()
    await websocket.open(server.url())
    stand_still()
    late = "late" * 2**18
    await refused(UNKNOWN, hasty.command("send-text-sync", websocket.name, "300", to64(late)))
    service.process.send_signal(signal.SIGCONT)
    await websocket.send("after")
    messages = [await websocket.next(Message)]
    if messages[0] == Message(late):
        messages.append(await websocket.next(Message))
    assert messages[-1] == Message("after")


async def test_row_48_freed_while_the_service_does_not_answer(hasty, service, stand_still, serve):
    """A WebSocket that the service made after all is not left behind."""
    server = await serve()
    websocket = await hasty.create()
    stand_still()
    await refused(UNKNOWN, websocket.connect(server.url()))
    await websocket.release()
    service.process.send_signal(signal.SIGCONT)
    await service.no_websocket_left()
    other = await hasty.create()
    await other.open(server.url())
    websocket.nothing_more()
