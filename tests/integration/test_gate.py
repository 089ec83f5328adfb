# SPDX-License-Identifier: LGPL-2.1-or-later
"""Senders that the service does not know yet, and what they send before it does."""

import contextlib
import signal

import pytest

from harness.bus_application import MANAGER, MANAGER_PATH, WEBSOCKET, BusApplication
from harness.mute_application import Replies
from harness.waiting import eventually

CALLS = 300  # far more than the service keeps for a sender


@pytest.fixture
async def stranger(service):
    application = await BusApplication.start(service.bus.new_connection())
    yield application
    await application.leave()


@contextlib.asynccontextmanager
async def all_at_once(application, service):
    """What APPLICATION posts in here waits at the bus until the service reads again, before it can know the sender."""
    service.process.send_signal(signal.SIGSTOP)
    try:
        yield Replies(application)
        # The bus reads in order: it has all that was posted before.
        await application.connection.call_bus("GetId")
    finally:
        service.process.send_signal(signal.SIGCONT)


async def served(application):
    """Its first answer but refusals: what it sent before is done with."""

    async def is_served():
        reply = await application.call(MANAGER_PATH, MANAGER, "WhoAmI")
        assert reply.error_name in (None, "org.wsbroker1.Error.LimitExceeded"), reply.error_name
        return reply.error_name is None

    await eventually(is_served, "answer to a sender that had sent too much")


async def test_flood_of_calls_that_want_no_reply(stranger, bus_application, service):
    async with all_at_once(stranger, service) as replies:
        for _ in range(CALLS):
            replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
    await served(stranger)
    assert 0 < len((await stranger.call_manager("ListWebSockets"))[0]) <= CALLS
    await bus_application.create()
    assert service.process.running


async def test_flood_of_calls_to_no_object(stranger, bus_application, service):
    async with all_at_once(stranger, service) as replies:
        for _ in range(CALLS):
            replies.post_without_reply(f"{MANAGER_PATH}/websocket/1", WEBSOCKET, "Release")
            replies.post_without_reply("/", "no.such.Interface", "Nothing")
    await served(stranger)
    await bus_application.create()


async def test_first_calls_are_all_carried_out(stranger, service):
    """As many as are kept, and in their order: the last is answered when all before it are done."""
    async with all_at_once(stranger, service) as replies:
        for _ in range(100):
            replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
    assert len((await stranger.call_manager("ListWebSockets"))[0]) == 100


async def test_sender_that_leaves_before_it_is_known(service):
    for _ in range(20):
        application = await BusApplication.start(service.bus.new_connection())
        replies = Replies(application)
        for _ in range(50):
            replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
        await replies.flush()
        await application.leave()
    await service.no_websocket_left()
