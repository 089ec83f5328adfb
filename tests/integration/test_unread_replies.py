# SPDX-License-Identifier: LGPL-2.1-or-later
"""Callers that make calls and do not read the replies: bounded, and nobody else's loss."""

import asyncio
import os

import pytest

from harness import broker_bus
from harness.broker_bus import BrokerBus
from harness.bus import PrivateBus
from harness.bus_application import MANAGER, MANAGER_PATH
from harness.mute_application import Replies
from harness.mute_caller import MuteCaller
from harness.waiting import eventually

BATCHES = 300  # so many answers are more than dbus-daemon keeps of a sender before it stops reading from it
MORE_THAN_A_WINDOW = 550  # answers
BUS_GROWTH_KIB = 64 * 1024  # with what the bus itself answers to calls for which it has no room
SERVICE_GROWTH_KIB = 8 * 1024
TIMEOUT = 120  # with sanitizers on a slow machine


@pytest.fixture(params=["dbus-daemon", "dbus-broker"])
async def bus(request, directory):
    if request.param == "dbus-broker" and not broker_bus.available():
        pytest.skip("needs root, and dbus-broker")
    private_bus = PrivateBus(directory) if request.param == "dbus-daemon" else BrokerBus(directory)
    try:
        yield await private_bus.start()
    finally:
        await private_bus.stop()


@pytest.fixture
async def mute_caller(service):
    caller = await MuteCaller(service.bus.address).start()
    yield caller
    caller.leave()


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


@pytest.mark.config("FenceTimeout=10min\n")
async def test_flood_of_calls_whose_answers_are_not_read(service, mute_caller, bus_application, serve):
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    pids = {"bus": service.bus.pid, "service": service.process.pid}
    before = {name: resident_kib(pid) for name, pid in pids.items()}
    # Of a stranger so many calls would not be kept.
    assert await mute_caller.who_am_i()
    for _ in range(BATCHES):
        await mute_caller.post()
        await websocket.echo("another goes on")
    growth = {name: resident_kib(pid) - before[name] for name, pid in pids.items()}
    print(f"growth in KiB: {growth}")
    assert growth["bus"] < BUS_GROWTH_KIB
    if "ASAN_OPTIONS" not in os.environ:
        assert growth["service"] < SERVICE_GROWTH_KIB
    # What was answered is there, then what was kept is answered, and who has read it is served again.
    await mute_caller.read_replies(MORE_THAN_A_WINDOW)
    assert mute_caller.pings > 0
    assert mute_caller.refused_by_service == 0
    assert await mute_caller.who_am_i()


@pytest.mark.config("FenceTimeout=5s\n")
async def test_caller_that_does_not_read_in_time(mute_caller, serve, bus_application):
    """It loses its connection, and its calls that wait are refused; it may come back."""
    server = await serve()
    await mute_caller.open(server.url())
    for _ in range(10):
        await mute_caller.post()
        await bus_application.call_manager("WhoAmI")
    assert (await (await server.accepted()).closed())[0] == 1008
    await mute_caller.read_refusal()
    assert await mute_caller.who_am_i()


async def test_caller_that_reads_is_served_in_full(bus_application):
    """Many times what may be unread, with as many calls on their way as a system's bus allows."""
    replies = Replies(bus_application)
    for _ in range(200):
        for _ in range(100):
            replies.post(MANAGER_PATH, MANAGER, "WhoAmI")
        await eventually(lambda: replies.waiting == 0, "replies", TIMEOUT)
    assert (replies.returned, replies.errors) == (20_000, [])
