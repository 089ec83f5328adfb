# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connecting: what is accepted, what the server sees of it, and when it may be done."""

import asyncio
import base64
import errno

import pytest

from harness import frames
from harness.application import Close, HeaderReceive, Message, Open, refused
from harness.listening_program import own_host
from harness.waiting import eventually


async def test_row_01_valid_url_opens(application, serve):
    server = await serve()
    websocket = await application.create()
    await websocket.connect(server.url())
    headers = (await websocket.next(HeaderReceive)).headers
    assert headers["upgrade"].lower() == "websocket"
    assert all(name == name.lower() for name in headers)
    assert await websocket.next(Open) == Open(101, "Switching Protocols")
    await websocket.echo("hello")
    websocket.nothing_more()


async def test_row_04_query_without_path(websocket, serve):
    server = await serve()
    await websocket.open(f"ws://127.0.0.1:{server.port}?x=1")
    assert (await server.accepted()).target == "/?x=1"


@pytest.mark.policy("[user *]\nPermissions=INTERNET\nAllowDomains=localhost:*\nAllowLocalAddresses=yes\n")
async def test_row_05_upper_case_scheme_and_host(websocket, serve):
    server = await serve()
    await websocket.open(f"WS://LOCALHOST:{server.port}/")
    assert (await server.accepted()).headers["Host"] == f"localhost:{server.port}"


@pytest.mark.policy(
    "[user *]\nPermissions=INTERNET\nAllowDomains=xn--bcher-kva.example.test:*\n" "AllowLocalAddresses=yes\n"
)
@pytest.mark.parametrize(
    "host",
    ["bücher.example.test", "BÜCHER.example.test", "b%C3%BCcher.example.test", "xn--bcher-kva.example.test"],
)
async def test_row_05_idn_host(needs_names, websocket, serve, host):
    server = await serve()
    await websocket.open(f"ws://{host}:{server.port}/")
    assert (await server.accepted()).headers["Host"] == f"xn--bcher-kva.example.test:{server.port}"


async def test_row_05_ipv6_literal(websocket, serve):
    try:
        server = await serve(host="::1")
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            pytest.skip("this machine has no ::1")
        raise
    await websocket.open(f"ws://[::1]:{server.port}/")
    assert (await server.accepted()).headers["Host"] == f"[::1]:{server.port}"


async def test_row_05_escaped_blank_in_the_path(websocket, serve):
    server = await serve()
    await websocket.open(server.url("/a%20b?c%20d"))
    assert (await server.accepted()).target == "/a%20b?c%20d"


async def test_row_05_user_and_password_go_out_as_basic_only(websocket, serve, service):
    server = await serve()
    await websocket.open(f"ws://al%69ce:s%3Acr%40t@127.0.0.1:{server.port}/x")
    connection = await server.accepted()
    scheme, _, credentials = connection.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(credentials) == b"alice:s:cr@t"
    assert connection.target == "/x"
    assert await websocket.property("Url") == f"ws://127.0.0.1:{server.port}/x"
    shown = repr(await service.list_websockets()) + service.process.stderr()
    for secret in ("cr@t", "cr%40t", credentials):
        assert secret not in shown


async def test_row_07_connect_while_connecting(websocket, serve, serve_raw):
    async def answers_when_told(peer):
        await answer.wait()
        await peer.accept(frames.frame(frames.TEXT, b"unharmed"))
        await peer.read_to_end()

    answer = asyncio.Event()
    waiting = await serve_raw(answers_when_told)
    other = await serve()
    await websocket.connect(waiting.url())
    await waiting.connected()
    await refused(2302003, websocket.connect(other.url()))
    answer.set()
    await websocket.next(HeaderReceive)
    await websocket.next(Open)
    assert await websocket.next(Message) == Message("unharmed")
    assert not other.connections


async def test_row_07_connect_while_open(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await refused(2302003, websocket.connect(server.url()))
    await websocket.echo("unharmed")
    assert len(server.connections) == 1


async def test_row_07_connect_while_closing(websocket, serve_raw):
    async def answers_close_when_told(peer):
        await peer.accept()
        await peer.read_frame()
        await answer.wait()
        await peer.write(frames.close_frame(1000, "done"))
        await peer.read_to_end()

    answer = asyncio.Event()
    server = await serve_raw(answers_close_when_told)
    await websocket.open(server.url())
    await websocket.close(1000, "")
    await refused(2302003, websocket.connect(server.url()))
    answer.set()
    assert await websocket.next(Close) == Close(1000, "done")
    assert server.accepted == 1


async def test_row_08_connect_again_after_close(websocket, serve):
    server = await serve()
    for _ in range(3):
        await websocket.open(server.url())
        await websocket.echo("again")
        await websocket.close(1000, "")
        await websocket.next(Close)
    assert len(server.connections) == 3


async def test_row_08_connect_again_from_inside_the_handler_of_close(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    await websocket.connect_from_close(server.url())
    await websocket.close(1000, "")
    await websocket.next(Close)
    await websocket.next(HeaderReceive)
    await websocket.next(Open)
    await websocket.echo("from inside")


async def test_connect_again_after_an_error_without_open(websocket, serve, serve_raw):
    async def hang_up(_peer):
        pass

    bad = await serve_raw(hang_up)
    good = await serve()
    assert (await websocket.fail(bad.url())).code == 200
    await websocket.open(good.url())
    await websocket.echo("after all")


async def test_row_12_host_field_names_a_port_that_is_not_the_default(websocket, serve):
    server = await serve()
    await websocket.open(server.url())
    assert (await server.accepted()).headers["Host"] == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize("port", ["", ":80"])
async def test_row_12_host_field_leaves_out_the_default_port(websocket, serve, port):
    try:
        server = await serve(host=own_host(), port=80)
    except PermissionError:
        pytest.skip("needs root: a server on port 80")
    await websocket.open(f"ws://{own_host()}{port}/")
    assert (await server.accepted()).headers["Host"] == own_host()


async def test_row_18_first_message_in_the_packet_of_the_101(websocket, serve_raw):
    async def at_once(peer):
        await peer.accept(frames.frame(frames.TEXT, b"early"), frames.frame(frames.BINARY, b"\x00\x01"))
        await peer.read_to_end()

    server = await serve_raw(at_once)
    await websocket.open(server.url())
    assert await websocket.next(Message) == Message("early")
    assert await websocket.next(Message) == Message(b"\x00\x01")


async def test_first_message_and_close_in_the_packet_of_the_101(websocket, serve_raw):
    async def at_once(peer):
        await peer.accept(frames.frame(frames.TEXT, b"early"), frames.close_frame(1000, "bye"))
        await peer.read_to_end()

    server = await serve_raw(at_once)
    await websocket.open(server.url())
    assert await websocket.next(Message) == Message("early")
    assert await websocket.next(Close) == Close(1000, "bye")


async def test_answer_in_single_bytes(websocket, serve_raw):
    async def dribble(peer):
        await peer.read_request()
        await peer.write_split(
            frames.response(peer.key, "X-Slow: yes") + frames.frame(frames.TEXT, b"drop by drop")
        )
        await peer.read_to_end()

    server = await serve_raw(dribble)
    headers = await websocket.open(server.url())
    assert headers["x-slow"] == "yes"
    assert await websocket.next(Message) == Message("drop by drop")


async def test_request_is_that_of_rfc_6455(websocket, serve_raw):
    async def keep_request(peer):
        await peer.accept()
        await peer.read_to_end()

    server = await serve_raw(keep_request)
    await websocket.open(server.url("/chat"))
    peer = await server.connected()
    assert peer.request_line == "GET /chat HTTP/1.1"
    assert peer.fields["upgrade"].lower() == "websocket"
    assert "upgrade" in peer.fields["connection"].lower()
    assert peer.fields["sec-websocket-version"] == "13"
    assert len(base64.b64decode(peer.key)) == 16
    assert "sec-websocket-protocol" not in peer.fields
    assert "authorization" not in peer.fields


async def test_each_connection_has_a_key_of_its_own(websocket, serve_raw):
    async def refuse(peer):
        await peer.read_request()
        return peer.key

    server = await serve_raw(refuse)
    keys = set()
    for _ in range(5):
        await websocket.fail(server.url())
        keys.add(await server.ended())
    assert len(keys) == 5


async def test_nobody_listens(websocket, refusing_port):
    error = await websocket.fail(f"ws://127.0.0.1:{refusing_port}/")
    assert (error.code, error.stage) == (200, "connect")


async def test_name_that_does_not_resolve(needs_names, websocket):
    error = await websocket.fail("ws://nowhere.example.test/")
    assert (error.code, error.stage) == (200, "resolve")


async def test_properties_of_an_open_connection(bus_application, serve):
    async def count(websocket):
        properties = await websocket.properties()
        return properties if properties["MessagesReceived"] == 2 else None

    server = await serve(subprotocols=["chat"])
    websocket = await bus_application.create()
    assert await websocket.property("State") == "created"
    await websocket.open(server.url("/p?q"), protocol="chat")
    await websocket.echo("four")
    await websocket.echo(b"\0\1\2")
    properties = await eventually(lambda: count(websocket), "two messages in the properties")
    expected = {
        "Url": server.url("/p?q"),
        "State": "open",
        "Protocol": "chat",
        "Extensions": "",
        "TlsVersion": "",
        "TlsCipher": "",
        "Owner": bus_application.unique_name,
        "MessagesSent": 2,
        "BytesSent": 7,
        "BytesReceived": 7,
        "Buffered": 0,
        "RemoteAddress": f"127.0.0.1:{server.port}",
    }
    assert {name: properties[name] for name in expected} == expected
    assert properties["ConnectedAt"] > 1_500_000_000_000_000
    assert properties["MaxMessageSize"] == 16 * 2**20


async def test_state_changes_are_announced_to_the_owner(bus_application, serve):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url())
    await websocket.close(1000, "")
    await websocket.next(Close)
    await eventually(lambda: websocket.states[-1:] == ["closed"], "state closed")
    assert websocket.states == ["connecting", "open", "closing", "closed"]
