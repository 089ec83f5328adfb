# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many messages both ways at once: none lost, doubled or out of order (ACCEPTANCE row 35)."""

import asyncio
import os
import subprocess

import pytest

from harness.application import Close, Message
from harness.library_application import program
from harness.process import Process
from harness.service import environment
from harness.volley import Checksum, VolleyServer, message
from harness.waiting import within

MANY = 100_000
# Python's binding takes a millisecond a message.
FEWER = 10_000
TIMEOUT = 300  # with sanitizers on a slow machine


async def _through_the_library(service, directory, server, volley, *arguments):
    """One volley by library-volley; asserts that both sides have had the same."""
    program_path = os.path.join(os.path.dirname(program()), "library-volley")
    process = await Process(
        "library-volley",
        directory,
        [program_path, service.bus.address, server.url(), volley.count, *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
    ).start()
    try:
        output = await within(process.child.stdout.read(), "end of the volley", TIMEOUT)
        assert await process.exit_status() == 0, process.stderr()
    finally:
        await process.destroy()
    sent, sent_checksum, received, received_checksum = output.decode().split()
    assert (int(received), received_checksum) == volley.sent.result()
    assert (int(sent), sent_checksum) == volley.received.result()
    assert volley.sent.count == volley.received.count == volley.count


async def test_row_35_a_hundred_thousand_through_the_library(service, serve, directory):
    volley = VolleyServer(MANY)
    await _through_the_library(service, directory, await serve(volley), volley)


async def test_row_35_ten_thousand_through_the_library_over_signals(service, serve, directory):
    volley = VolleyServer(FEWER)
    await _through_the_library(service, directory, await serve(volley), volley, "signals")


@pytest.mark.config("MaxBufferedBytes=64K\n")
@pytest.mark.parametrize("arguments", [[], ["signals"]], ids=["stream", "signals"])
async def test_row_35_ten_thousand_under_back_pressure(service, serve, directory, arguments):
    """Where the service holds back both sides nearly all the time."""
    volley = VolleyServer(FEWER)
    server = await serve(volley, write_limit=16384, max_queue=2)
    await _through_the_library(service, directory, server, volley, *arguments)


async def _send_all(websocket, checksum):
    for index in range(FEWER):
        data = message(index)
        checksum.add(data)
        await websocket.send(data)


async def test_row_35_ten_thousand_over_the_bus(bus_application, serve):
    volley = VolleyServer(FEWER)
    server = await serve(volley)
    websocket = await bus_application.create()
    await websocket.open(server.url())
    sent, received = Checksum(), Checksum()
    sending = asyncio.ensure_future(_send_all(websocket, sent))
    while received.count < FEWER:
        received.add((await websocket.next(Message)).data)
    await within(sending, "end of the volley", TIMEOUT)
    await websocket.close(1000, "")
    assert await websocket.next(Close) == Close(1000, "")
    await (await server.accepted()).closed()
    assert received.result() == volley.sent.result()
    assert sent.result() == volley.received.result()
