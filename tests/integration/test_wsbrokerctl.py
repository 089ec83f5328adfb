# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line tool in a pipe, beside the service."""

import os

import pytest

from harness.waiting import within


@pytest.fixture
async def ctl(service, servers, start_tool):
    """Starts wsbrokerctl with the given arguments, beside the service."""
    return start_tool


async def outcome(process, data=b""):
    """Exit status and standard output, after DATA and the end of its input."""
    output, _ = await within(process.child.communicate(data), "end of wsbrokerctl")
    return await process.exit_status(), output


async def test_lines_are_sent_and_messages_printed(ctl, serve):
    server = await serve()
    process = await ctl("connect", server.url("/chat"), "--count=2")
    assert await outcome(process, "Grüße\nsecond\n".encode()) == (0, "Grüße\nsecond\n".encode())
    connection = await server.accepted()
    assert connection.messages == ["Grüße", "second"]
    assert await connection.closed() == (1000, "")


async def test_headers_and_subprotocol(ctl, serve):
    server = await serve(subprotocols=["b"])
    process = await ctl(
        "connect", server.url(), "--header", "X-One: 1", "--header", "X-Two: 2", "--protocol=a,b", "--count=1"
    )
    assert (await outcome(process, b"x\n"))[0] == 0
    connection = await server.accepted()
    assert (connection.headers["X-One"], connection.headers["X-Two"]) == ("1", "2")
    assert connection.protocol.subprotocol == "b"


async def test_binary(ctl, serve):
    server = await serve()
    process = await ctl("connect", server.url(), "--binary", "--count=1")
    data = bytes(range(256))
    assert await outcome(process, data) == (0, data)
    assert (await server.accepted()).messages == [data]


@pytest.mark.policy("")
async def test_refusal_is_said(ctl, serve):
    server = await serve()
    process = await ctl("connect", server.url())
    assert await outcome(process, b"x\n") == (1, b"")
    assert "201" in process.stderr()
    assert not server.connections


async def test_server_that_refuses(ctl, serve_raw):
    async def not_here(peer):
        await peer.read_request()
        await peer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    server = await serve_raw(not_here)
    process = await ctl("connect", server.url())
    assert await outcome(process, b"x\n") == (1, b"")
    assert "404" in process.stderr()


async def test_list_and_status(ctl, serve, bus_application, service):
    server = await serve()
    websocket = await bus_application.create()
    await websocket.open(server.url("/listed"))
    status, output = await outcome(await ctl("status"))
    assert status == 0
    assert await service.property("Version") in output.decode()
    status, output = await outcome(await ctl("list", "--no-legend"))
    assert status == 0
    # An administrator sees it; to others it is another application's.
    assert (server.url("/listed") in output.decode()) == (os.geteuid() == 0)


@pytest.mark.parametrize(
    "arguments", [[], ["connect"], ["nonsense"], ["list", "extra"], ["--nonsense"], ["list", "--follow"]]
)
async def test_wrong_usage(ctl, arguments):
    process = await ctl(*arguments)
    assert await outcome(process) == (2, b"")
    assert process.stderr()
