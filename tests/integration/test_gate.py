# SPDX-License-Identifier: LGPL-2.1-or-later
"""Senders that the service does not know yet, and what they send before it does."""

import pytest

from harness.bus_application import MANAGER, MANAGER_PATH, WEBSOCKET, BusApplication
from harness.mute_application import Replies

CALLS = 300  # far more than the service keeps for a sender


@pytest.fixture
async def stranger(service):
    application = await BusApplication.start(service.bus.new_connection())
    yield application
    await application.leave()


async def test_flood_of_calls_that_want_no_reply(stranger, bus_application, service):
    replies = Replies(stranger)
    for _ in range(CALLS):
        replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
    # The bus delivers in order: when this is answered, so are those before it.
    await stranger.call_manager("WhoAmI")
    assert 0 < len((await stranger.call_manager("ListWebSockets"))[0]) <= CALLS
    await bus_application.create()
    assert service.process.running


async def test_flood_of_calls_to_no_object(stranger, bus_application):
    replies = Replies(stranger)
    for _ in range(CALLS):
        replies.post_without_reply(f"{MANAGER_PATH}/websocket/1", WEBSOCKET, "Release")
        replies.post_without_reply("/", "no.such.Interface", "Nothing")
    await stranger.call_manager("WhoAmI")
    await bus_application.create()


async def test_first_calls_are_answered_in_their_order(stranger):
    """As many as are kept: none is lost, and what they make is made in their order."""
    replies = Replies(stranger)
    for _ in range(100):
        replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
    paths = sorted(path for path, _ in (await stranger.call_manager("ListWebSockets"))[0])
    assert len(paths) == 100


async def test_sender_that_leaves_before_it_is_known(service):
    for _ in range(20):
        application = await BusApplication.start(service.bus.new_connection())
        replies = Replies(application)
        for _ in range(50):
            replies.post_without_reply(MANAGER_PATH, MANAGER, "CreateWebSocket")
        await replies.flush()
        await application.leave()
    await service.no_websocket_left()
