# SPDX-License-Identifier: LGPL-2.1-or-later
"""To anyone but its owner and administrators a WebSocket does not exist, and its signals are its owner's
alone."""

import pytest
from dbus_next import Variant

from harness import accounts
from harness.bus_application import MANAGER_PATH, PROPERTIES, WEBSOCKET, plain

UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

CALLS = {
    "Connect": (WEBSOCKET, "Connect", "sa{sv}", ["ws://127.0.0.1/", {}]),
    "Close": (WEBSOCKET, "Close", "qs", [1000, ""]),
    "Release": (WEBSOCKET, "Release", "", []),
    "Get": (PROPERTIES, "Get", "ss", [WEBSOCKET, "Url"]),
    "GetAll": (PROPERTIES, "GetAll", "s", [WEBSOCKET]),
    "Introspect": ("org.freedesktop.DBus.Introspectable", "Introspect", "", []),
}


@pytest.fixture
async def stranger(remote):
    """Another application: of another user where that is possible, so that it is no administrator."""
    return await remote(user=accounts.BOB)


@pytest.fixture
async def owner(remote):
    return await remote(user=accounts.ALICE)


@pytest.mark.parametrize("call", CALLS)
async def test_row_56_another_application_calls(owner, stranger, serve, call):
    server = await serve()
    websocket = await owner.create()
    await websocket.open(server.url())
    error, _ = await stranger.request("raw", websocket.path, *CALLS[call])
    assert error == UNKNOWN_OBJECT
    await websocket.echo("unharmed")


async def test_row_56_another_application_sends(owner, stranger, serve):
    server = await serve()
    websocket = await owner.create()
    await websocket.open(server.url())
    error, _ = await stranger.request("send_to", websocket.path, "for you")
    assert error == UNKNOWN_OBJECT
    await websocket.echo("mine")
    assert (await server.accepted()).messages == ["mine"]


@pytest.mark.parametrize("call", CALLS)
async def test_object_that_never_was(bus_application, call):
    reply = await bus_application.call(
        f"{MANAGER_PATH}/websocket/4711", CALLS[call][0], CALLS[call][1], CALLS[call][2], *CALLS[call][3]
    )
    assert reply.error_name == UNKNOWN_OBJECT


async def test_the_same_answer_for_what_is_not_there_and_what_is_anothers(owner, stranger):
    websocket = await owner.create()
    theirs = await stranger.request("raw", websocket.path, *CALLS["Close"])
    nobodys = await stranger.request("raw", f"{MANAGER_PATH}/websocket/4711", *CALLS["Close"])
    assert theirs[0] == nobodys[0] == UNKNOWN_OBJECT
    assert theirs[1][0].replace(websocket.path, "") == nobodys[1][0].replace(
        f"{MANAGER_PATH}/websocket/4711", ""
    )


async def test_row_56_listener_on_the_bus_sees_no_signal(owner, stranger, serve):
    server = await serve()
    await stranger.request("listen")
    websocket = await owner.create()
    await websocket.open(server.url())
    await websocket.echo("between us")
    await websocket.close(1000, "")
    await websocket.next()
    # A round trip through service and bus: any signal sent before would have come before.
    await stranger.request("manager", "WhoAmI", "", [])
    assert await stranger.request("signals") == 0


async def test_row_56_introspection_lists_only_what_is_the_callers(owner, stranger):
    theirs, mine = await owner.create(), await stranger.create()
    listing = await stranger.request("raw", f"{MANAGER_PATH}/websocket", *CALLS["Introspect"])
    assert theirs.path.rpartition("/")[2] + '"' not in str(listing)
    assert [path for path, _ in (await stranger.call_manager("ListWebSockets"))[0]] == [mine.path]


@accounts.needs_root
async def test_counts_and_lists_are_the_callers_own(owner, stranger, service):
    websocket = await owner.create()
    await stranger.create()
    await stranger.create()
    count = ["org.wsbroker1.Manager", "WebSockets"]
    assert (await owner.request("raw", MANAGER_PATH, PROPERTIES, "Get", "ss", count))[1] == [1]
    assert (await stranger.request("raw", MANAGER_PATH, PROPERTIES, "Get", "ss", count))[1] == [2]
    assert await service.property("WebSockets") == 3
    assert websocket.path in await service.list_websockets()


@accounts.needs_root
async def test_administrator_reads_closes_and_releases_and_nothing_else(owner, bus_application, serve):
    server = await serve()
    websocket = await owner.create()
    await websocket.open(server.url())
    reply = await bus_application.call(websocket.path, PROPERTIES, "GetAll", "s", WEBSOCKET)
    assert plain(reply.body[0])["State"] == "open"
    for name, arguments in (("Connect", ("sa{sv}", server.url(), {})), ("Send", ("v", Variant("s", "x")))):
        reply = await bus_application.call(websocket.path, WEBSOCKET, name, *arguments)
        assert reply.message_type.name == "ERROR"
    await websocket.echo("unharmed")
    reply = await bus_application.call(websocket.path, WEBSOCKET, "Close", "qs", 1000, "by order")
    assert reply.message_type.name == "METHOD_RETURN"
    assert await (await server.accepted()).closed() == (1000, "by order")
    await websocket.next()
    reply = await bus_application.call(websocket.path, WEBSOCKET, "Release")
    assert reply.message_type.name == "METHOD_RETURN"
    assert await owner.call_manager("ListWebSockets") == [[]]
