# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same against a second server that is not ours, npm's ws."""

import pytest

from harness.application import Close, Error, Message
from harness.npm_server import NpmServer, needs_npm_ws

pytestmark = needs_npm_ws


@pytest.fixture
async def npm(servers, directory):
    """Starts npm's ws: npm(option=…)."""

    async def start(**options):
        servers.append(await NpmServer(directory, **options).start())
        return servers[-1]

    return start


async def test_row_01_npm_opens(websocket, npm):
    server = await npm()
    headers = await websocket.open(server.url("/chat?x=1"))
    assert headers["upgrade"].lower() == "websocket"
    opened = await server.next()
    assert opened["opened"] == "/chat?x=1"
    assert opened["headers"]["host"] == f"127.0.0.1:{server.port}"


async def test_row_10_npm_sees_the_headers(websocket, npm):
    server = await npm()
    await websocket.open(server.url(), header={"name1": "value1"}, protocol="a, b")
    headers = (await server.next())["headers"]
    assert headers["name1"] == "value1"
    assert headers["sec-websocket-protocol"].replace(" ", "") == "a,b"
    assert await websocket.property("Protocol") == "a"


@pytest.mark.parametrize(
    "data",
    ["Grüße, 世界", bytes(range(256)), "", b"", "a\0b", "\uffff\ufdd0", "😀\U0010fffd", b"\xa5" * 2**20],
    ids=["text", "binary", "empty text", "empty binary", "U+0000", "U+FFFF", "4-byte UTF-8", "1 MiB"],
)
async def test_row_31_npm_echoes(websocket, npm, data):
    server = await npm()
    await websocket.open(server.url())
    await websocket.echo(data)


async def test_row_31_npm_echoes_many_in_order(websocket, npm):
    server = await npm()
    await websocket.open(server.url())
    messages = [f"number {index}" if index % 2 else bytes([index % 256]) * index for index in range(500)]
    for data in messages:
        await websocket.send(data)
    for data in messages:
        assert await websocket.next(Message) == Message(data)


async def test_row_34_npm_sends_fragments_with_a_ping_between(websocket, npm):
    server = await npm()
    await websocket.open(server.url("/fragments"))
    assert await websocket.next(Message) == Message("one two three")
    assert "opened" in await server.next()
    assert (await server.next())["pong"] == "are you there"


@pytest.mark.parametrize("code, reason", [(1000, ""), (1000, "done"), (3000, "why"), (4999, "ü" * 61)])
async def test_row_38_npm_sees_code_and_reason(websocket, npm, code, reason):
    server = await npm()
    await websocket.open(server.url())
    await websocket.close(code, reason)
    assert await websocket.next(Close) == Close(code, reason)
    assert "opened" in await server.next()
    assert await server.next() == {"closed": code, "reason": reason}
    websocket.nothing_more()


async def test_row_42_npm_closes(websocket, npm):
    server = await npm()
    await websocket.open(server.url("/closes"))
    assert await websocket.next(Close) == Close(4001, "from ws")
    websocket.nothing_more()


async def test_row_42_npm_drops_tcp(websocket, npm):
    server = await npm()
    await websocket.open(server.url("/drops"))
    assert (await websocket.next(Error)).code == 200
    assert await websocket.next(Close) == Close(1006, "")
    websocket.nothing_more()


async def test_row_16_npm_refuses_another_path(websocket, npm):
    server = await npm(path="/here")
    error = await websocket.fail(server.url("/elsewhere"))
    assert (error.code, error.stage, error.details["httpStatus"]) == (200, "handshake", 400)
    assert bytes(error.details["body"]) == b"Bad Request"
    await websocket.open(server.url("/here"))


async def test_row_33_npm_closes_over_its_limit(websocket, npm):
    server = await npm(maxPayload=1000)
    await websocket.open(server.url())
    await websocket.send(b"x" * 1001)
    event = await websocket.next()
    if isinstance(event, Error):
        event = await websocket.next()
    assert isinstance(event, Close) and event.code in (1009, 1006)


async def test_extensions_are_not_offered(websocket, npm):
    server = await npm(perMessageDeflate=True)
    await websocket.open(server.url())
    assert "sec-websocket-extensions" not in (await server.next())["headers"]
    await websocket.echo("x" * 5000)
