# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which URLs are taken (ACCEPTANCE rows 2 and 3)."""

import pytest

from harness.application import refused

NO_WEBSOCKET_URLS = [
    "",
    "hello",
    "123",
    "192.168.1.1",
    "http://h/",
    "ws://",
    "ws:///x",
    "ws://h:99999/",
    "ws://h:abc/",
    "ws://h:0/",
    "ws://h/#f",
    "ws://a b/",
    "ws://h\\@e/",
    "ws://[fe80::1%eth0]/",
    "ws://1.2.3/",
    "ws://a..b/",
]

# Ways to write another host than the reader sees.
MISLEADING_URLS = [
    "ws://0x7f.1/",
    "ws://0177.0.0.1/",
    "ws://2130706433/",
    "ws://1.2.3.4.5/",
    "ws://256.1.1.1/",
    "ws://h.1/",
    "ws://[::1/",
    "ws://::1/",
    "ws://[1.2.3.4]/",
    "ws://[]/",
    "ws://h%00/",
    "ws://h%40e/",
    "ws://h%zz/",
    "ws://h\t/",
    "ws://h/\n",
    " ws://h/",
    "ws://h/ ",
    "ws://-h/\x7f",
    "ws://h_h/",
    "ws://h:-1/",
    "ws://h:+80/",
    "ws://h:080000/",
    "ws:h",
    "ws:/h",
    "//h/",
    "ws://.",
    "ws://h../",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", NO_WEBSOCKET_URLS)
async def test_row_02_no_websocket_url(websocket, url):
    await refused(2302001, websocket.connect(url))
    websocket.nothing_more()


@pytest.mark.parametrize("url", MISLEADING_URLS)
async def test_misleading_url(bus_application, url):
    websocket = await bus_application.create()
    await refused(2302001, websocket.connect(url))
    assert await websocket.property("State") == "created"


async def test_row_02_a_refused_url_leaves_the_websocket_usable(websocket, serve):
    server = await serve()
    await refused(2302001, websocket.connect("ws://"))
    await websocket.open(server.url())
    await websocket.echo("still usable")


async def test_row_03_longest_url(websocket, serve):
    server = await serve()
    start = server.url("/")
    url = start + "x" * (1024 - len(start))
    await websocket.open(url)
    assert (await server.accepted()).target == "/" + "x" * (1024 - len(start))


async def test_row_03_one_byte_too_long(websocket, serve):
    server = await serve()
    start = server.url("/")
    await refused(2302001, websocket.connect(start + "x" * (1025 - len(start))))
    assert not server.connections


async def test_row_03_length_is_counted_in_bytes(websocket, serve):
    server = await serve()
    start = server.url("/")
    characters = "ü" * ((1026 - len(start)) // 2)
    assert len(start + characters) < 1024 < len((start + characters).encode())
    await refused(2302001, websocket.connect(start + characters))


@pytest.mark.config("MaxUrlLength=8192\n")
async def test_row_03_length_is_configurable(websocket, serve_raw):
    async def keeps_request(peer):
        await peer.accept()
        await peer.read_to_end()
        return peer.request_line

    server = await serve_raw(keeps_request)
    start = server.url("/")
    await websocket.open(start + "x" * (8192 - len(start)))
    await websocket.close(1000, "")
    assert await server.ended() == "GET /" + "x" * (8192 - len(start)) + " HTTP/1.1"


@pytest.mark.config("MaxUrlLength=8192\n")
async def test_row_03_one_byte_over_the_configured_length(websocket, serve):
    server = await serve()
    start = server.url("/")
    await refused(2302001, websocket.connect(start + "x" * (8193 - len(start))))
