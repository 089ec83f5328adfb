# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a bus would not carry is not sent: it disconnects who sends a message of more than 32 MiB, and that would be the
end of the service."""

import asyncio

import pytest
from dbus_next import Message, Variant

from harness import accounts, frames
from harness.bus_application import MANAGER, MANAGER_PATH, WEBSOCKET
from harness.service import BUS_NAME, DEFAULT_POLICY
from harness.waiting import within

BUS_MAX = 32 * 1024 * 1024  # bytes of a message
LONG_TOKEN = "p" * 60_000
TIMEOUT = 180.0  # seconds; under a sanitizer sd-bus takes a quarter of a minute to read so much


def get_all(text):
    return MANAGER_PATH, "org.freedesktop.DBus.Properties", "GetAll", "s", [text]


def explain_access(text):
    return MANAGER_PATH, MANAGER, "ExplainAccess", "ss", [text, ""]


def largest_call(message_bus, destination, make):
    """The largest that a bus takes, by what a text in it is longer; as bytes."""
    serial = message_bus.next_serial()

    def marshal(length):
        path, interface, member, signature, body = make("a" * length)
        call = Message(destination, path, interface, member, signature=signature, body=body, serial=serial)
        return bytes(call._marshall(False))

    return serial, marshal(BUS_MAX - len(marshal(64)) + 64 - 8)


@pytest.mark.parametrize("make", [get_all, pytest.param(explain_access, marks=accounts.needs_root)])
async def test_error_that_would_repeat_too_much(service, bus_application, serve, make):
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    connection = bus_application.connection
    (destination,) = await connection.call_bus("GetNameOwner", "s", BUS_NAME)
    serial, data = largest_call(connection.message_bus, destination, make)
    assert BUS_MAX - 16 <= len(data) <= BUS_MAX
    replies = asyncio.Queue()

    def on_message(message):
        if message.reply_serial == serial:
            replies.put_nowait(message)

    connection.message_bus.add_message_handler(on_message)
    # The binding's own writer copies what is left again and again.
    await asyncio.get_running_loop().sock_sendall(connection.message_bus._sock, data)
    reply = await within(replies.get(), "reply", TIMEOUT)
    assert reply.error_name == "org.wsbroker1.Error.Parameter"
    await websocket.echo("goes on")


def open_stream(text):
    return "OpenStream", "a{sv}", {text: Variant("y", 0)}


def connect_with_option(text):
    return "Connect", "sa{sv}", "", {text: Variant("y", 0)}


def connect_with_option_of_proxy(text):
    return "Connect", "sa{sv}", "", {"proxy": Variant("a{sv}", {text: Variant("y", 0)})}


def connect_with_header(text):
    return "Connect", "sa{sv}", "", {"header": Variant("a{ss}", {f"Proxy-{text}": ""})}


@pytest.mark.parametrize(
    "make", [open_stream, connect_with_option, connect_with_option_of_proxy, connect_with_header]
)
async def test_error_that_names_a_long_word(bus_application, make):
    """Its beginning: of what the error repeats nothing is counted as unread."""
    websocket = await bus_application.create()
    reply = await bus_application.call(websocket.path, WEBSOCKET, *make("a" * 100_000))
    assert reply.error_name == "org.wsbroker1.Error.Parameter"
    assert "aaaa" in reply.body[0] and len(reply.body[0]) < 200


async def answer_with_its_protocol(peer):
    await peer.read_request()
    await peer.write(frames.response(peer.key, f"Sec-WebSocket-Protocol: {LONG_TOKEN}"))
    await peer.read_to_end()


@pytest.mark.config("MaxConnections=1000\nMaxConnectionsPerUser=1000\n")
async def test_list_that_would_be_too_large(service, bus_application, serve, serve_raw):
    """Every WebSocket is listed; of the large ones some, at the most, with what they have to say."""
    server = await serve_raw(answer_with_its_protocol)
    small = await bus_application.create()
    await small.open((await serve()).url())
    websockets = [await bus_application.create() for _ in range(BUS_MAX // len(LONG_TOKEN) + 1)]
    for websocket in websockets:
        await websocket.open(server.url(), protocol=Variant("s", LONG_TOKEN))
    (listed,) = await bus_application.call_manager("ListWebSockets")
    listed = dict(listed)
    assert set(listed) == {small.path, *(websocket.path for websocket in websockets)}
    assert listed[small.path]["State"].value == "open"
    assert {} in listed.values()
    assert await websockets[0].property("Protocol") == LONG_TOKEN
    await small.echo("goes on")


@pytest.mark.parametrize("line", ["x\n", "x" * 1000 + "\n", "x" * 2**20], ids=["short", "long", "one"])
async def test_policy_of_nonsense(service, bus_application, serve, line):
    """The reply names the first of what is wrong, and says how much more there is."""
    websocket = await bus_application.create()
    await websocket.open((await serve()).url())
    service.write_policy(line * (2**20 // len(line)))
    reply = await service.call_reload_policy()
    assert reply.error_name == "org.wsbroker1.Error.Unknown"
    assert "50-test.conf:1: " in reply.body[0]
    assert len(reply.body[0]) < 2**16
    assert len(line) == 2**20 or reply.body[0].endswith(" more")
    await websocket.echo("goes on")
    service.write_policy(DEFAULT_POLICY)
    assert (await service.call_reload_policy()).error_name is None
