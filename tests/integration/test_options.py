# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options of Connect: header and protocol, and what is no option (ACCEPTANCE rows 6, 10, 11, 13 and
14)."""

import pytest
from dbus_next import Variant

from harness import frames
from harness.application import refused

WRONG_OPTIONS = {
    "unknown": Variant("s", "x"),
    "Header": Variant("a{ss}", {}),
    "": Variant("s", "x"),
    "caPath": Variant("s", "/etc/ssl/cert.pem"),
    "header": [
        Variant("s", "name: value"),
        Variant("a{sv}", {"name": Variant("s", "value")}),
        Variant("as", ["name"]),
        Variant("a{si}", {"name": 1}),
    ],
    "protocol": [
        Variant("u", 5),
        Variant("as", ["chat"]),
        Variant("v", Variant("s", "chat")),
        Variant("ay", b"chat"),
    ],
}


@pytest.mark.parametrize(
    "key, value",
    [
        (key, value)
        for key, values in WRONG_OPTIONS.items()
        for value in (values if isinstance(values, list) else [values])
    ],
    ids=lambda part: part.signature if isinstance(part, Variant) else part or "empty",
)
async def test_row_06_unknown_option_or_wrong_type(bus_application, serve, key, value):
    server = await serve()
    websocket = await bus_application.create()
    message = await refused(401, websocket.connect(server.url(), **{key: value}))
    assert key in message
    assert not server.connections
    websocket.nothing_more()


async def test_row_06_a_good_option_beside_a_wrong_one(bus_application, serve):
    server = await serve()
    websocket = await bus_application.create()
    message = await refused(
        401, websocket.connect(server.url(), protocol="chat", nonsense=Variant("b", True))
    )
    assert "nonsense" in message


async def test_row_10_headers_arrive(websocket, serve):
    server = await serve()
    await websocket.open(server.url(), header={"name1": "value1", "X-Blank": "", "X-Inner": 'a  b; c="d"'})
    headers = (await server.accepted()).headers
    assert headers["name1"] == "value1"
    assert headers["X-Blank"] == ""
    assert headers["X-Inner"] == 'a  b; c="d"'


async def test_row_10_repeated_header_arrives_each_value(bus_application, serve):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url(), header=Variant("a{sas}", {"X-Many": ["one", "two", "three"]}))
    assert (await server.accepted()).headers.get_all("X-Many") == ["one", "two", "three"]


FORBIDDEN_HEADERS = {
    "CR": {"X-Name": "a\rb"},
    "LF": {"X-Name": "a\nX-Other: b"},
    "blank in name": {"X Name": "a"},
    "colon in name": {"X-Name:": "a"},
    "empty name": {"": "a"},
    "no ASCII in name": {"X-Nämé": "a"},
    **{
        name: {name: "x"}
        for name in (
            "Host",
            "host",
            "Connection",
            "Upgrade",
            "Sec-WebSocket-Key",
            "sec-websocket-protocol",
            "Sec-WebSocket-Whatever",
            "Content-Length",
            "Transfer-Encoding",
            "TE",
            "Trailer",
            "Expect",
            "Proxy-Authorization",
            "Proxy-Connection",
        )
    },
    "129 headers": {f"X-{number}": "" for number in range(129)},
    "65 KiB": {"X-Long": "x" * 65 * 1024},
}


@pytest.mark.parametrize("header", FORBIDDEN_HEADERS.values(), ids=FORBIDDEN_HEADERS)
async def test_row_11_forbidden_header(websocket, serve_raw, header):
    async def unreached(peer):
        return await peer.read_to_end()

    server = await serve_raw(unreached)
    await refused(401, websocket.connect(server.url(), header=header))
    assert server.accepted == 0


async def test_row_11_authorization_beside_a_user_in_the_url(websocket, serve):
    server = await serve()
    await refused(
        401,
        websocket.connect(
            f"ws://user:password@127.0.0.1:{server.port}/", header={"Authorization": "Bearer x"}
        ),
    )
    await websocket.open(server.url(), header={"Authorization": "Bearer x"})
    assert (await server.accepted()).headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize(
    "offered, supported, chosen",
    [("my-protocol", ["my-protocol"], "my-protocol"), ("a, b", ["b"], "b"), ("a,b", ["a"], "a")],
)
async def test_row_13_subprotocol(websocket, serve, offered, supported, chosen):
    server = await serve(subprotocols=supported)
    await websocket.open(server.url(), protocol=offered)
    sent = (await server.accepted()).headers.get_all("Sec-WebSocket-Protocol")
    assert [name.strip() for name in ",".join(sent).split(",")] == [
        name.strip() for name in offered.split(",")
    ]
    assert await websocket.property("Protocol") == chosen


async def test_row_13_empty_protocol_offers_none(websocket, serve):
    server = await serve()
    await websocket.open(server.url(), protocol="")
    assert "Sec-WebSocket-Protocol" not in (await server.accepted()).headers


@pytest.mark.parametrize("protocol", ["a b", "a,,b", "a,", "a;b", "a\r\nX: y", "ä", ",", "a, a"])
async def test_row_13_malformed_protocol(websocket, serve, protocol):
    server = await serve()
    await refused(401, websocket.connect(server.url(), protocol=protocol))
    assert not server.connections


@pytest.mark.parametrize("offered", [{}, {"protocol": "a, b"}], ids=["none offered", "others offered"])
async def test_row_14_subprotocol_that_was_not_offered(websocket, serve_raw, offered):
    async def chooses_another(peer):
        await peer.read_request()
        await peer.write(frames.response(peer.key, "Sec-WebSocket-Protocol: c"))
        await peer.read_to_end()

    server = await serve_raw(chooses_another)
    error = await websocket.fail(server.url(), **offered)
    assert (error.code, error.stage) == (200, "handshake")
    websocket.nothing_more()


async def test_row_14_no_subprotocol_chosen(websocket, serve):
    server = await serve()
    await websocket.open(server.url(), protocol="a, b")
    assert await websocket.property("Protocol") == ""
    await websocket.echo("open")
