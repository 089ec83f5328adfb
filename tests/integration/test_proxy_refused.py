# SPDX-License-Identifier: LGPL-2.1-or-later
"""Proxies that policy refuses, and proxies that answer wrongly (ACCEPTANCE rows 29 and 30)."""

import asyncio

import pytest

from harness import frames
from harness.application import refused
from harness.client_certificates import read_bytes
from harness.connect_options import connect, fail_with, open_with
from harness.service import DEFAULT_POLICY

HOST = "chat.example.test"

any_proxy = pytest.mark.policy(DEFAULT_POLICY + "AllowProxies=*:*\n")


def option(server, **more):
    return {"host": "127.0.0.1", "port": server.port} | more


async def _relay(peer):
    """A proxy: answers CONNECT and passes on what comes, both ways, until either side ends."""
    await peer.read_request()
    host, _, port = peer.request_line.split(" ")[1].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await peer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def copy(source, target):
        while data := await source.read(65536):
            target.write(data)
        target.close()

    await asyncio.gather(copy(peer.reader, writer), copy(reader, peer.writer))


# ---- Refused by policy ----


@pytest.mark.policy(DEFAULT_POLICY)
async def test_row_29_no_proxy_is_listed(websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    await refused(2302998, connect(websocket, server.url(), proxy=option(proxy)))
    assert (proxy.accepted, server.connections) == (0, [])


@pytest.mark.policy(DEFAULT_POLICY + "AllowProxies=127.0.0.1:1;proxy.example.test:*\n")
async def test_row_29_other_proxies_are_listed(websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    await refused(2302998, connect(websocket, server.url(), proxy=option(proxy)))
    await refused(2302998, connect(websocket, server.url(), proxy=option(proxy, host="localhost")))
    assert (proxy.accepted, server.connections) == (0, [])


@pytest.mark.policy(DEFAULT_POLICY + "AllowProxies=127.0.0.1:*\n")
async def test_row_29_listed_proxy(websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    await open_with(websocket, server.url(), proxy=option(proxy))
    await websocket.echo("allowed")
    assert proxy.accepted == 1


@pytest.mark.policy(
    "[user *]\nPermissions=INTERNET\nAllowDomains=*:*\nAllowProxies=chat.example.test:*;*.example.test:*\n"
)
async def test_row_29_listed_proxy_that_resolves_to_a_local_address(needs_names, websocket, serve_raw):
    proxy = await serve_raw(_relay)
    error = await fail_with(websocket, "ws://target.example/", proxy=option(proxy, host=HOST))
    assert (error.code, error.stage) == (2302998, "policy")
    assert proxy.accepted == 0
    websocket.nothing_more()


@pytest.mark.policy(DEFAULT_POLICY + "AllowProxies=*:*\nAllowDirect=no\n")
async def test_row_29_a_filtering_proxy_is_not_stepped_around(needs_names, websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    url = server.url(host=HOST)
    await refused(2302998, connect(websocket, url, proxy="no-proxy"))
    for exclusions in (["*"], [HOST], ["test"]):
        given = option(proxy, exclusionList=exclusions)
        await refused(2302998, connect(websocket, url, proxy=given))
    assert (proxy.accepted, server.connections) == (0, [])
    await open_with(websocket, server.url(), proxy=option(proxy, exclusionList=["other.test"]))
    await websocket.echo("through the proxy")
    assert proxy.accepted == 1


@pytest.mark.policy(
    "[user *]\nPermissions=INTERNET\nAllowDomains=127.0.0.1:1;*.example.test:*\nAllowLocalAddresses=yes\n"
    "AllowProxies=*:*\n"
)
async def test_row_29_the_target_is_asked_of_policy_as_without_a_proxy(websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    await refused(2302998, connect(websocket, server.url(), proxy=option(proxy)))
    assert proxy.accepted == 0


@pytest.mark.policy("[user *]\nPermissions=INTERNET\nAllowDomains=*:*\nAllowProxies=127.0.0.1:*\n")
async def test_row_29_a_local_target_behind_a_proxy_is_refused(websocket, serve, serve_raw):
    server, proxy = await serve(), await serve_raw(_relay)
    await refused(2302998, connect(websocket, server.url(), proxy=option(proxy)))
    assert (proxy.accepted, server.connections) == (0, [])


# ---- Proxies that answer wrongly ----


async def _closes_at_once(_peer):
    pass


async def _closes_after_the_request(peer):
    await peer.read_request()


async def _resets_after_the_request(peer):
    await peer.read_request()
    peer.reset()


def _answers(answer):
    async def script(peer):
        await peer.read_request()
        await peer.write(answer)
        await peer.read_to_end()

    return script


WRONG_PROXIES = {
    "closes at once": _closes_at_once,
    "closes after the request": _closes_after_the_request,
    "resets after the request": _resets_after_the_request,
    "no HTTP": _answers(b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n"),
    "70 KiB of headers": _answers(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70 * 1024 + b"\r\n\r\n"),
    "200 and garbage in one packet": _answers(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(range(256)) * 20),
    "200 and a 101 that answers nothing": _answers(
        b"HTTP/1.1 200 OK\r\n\r\n" + frames.response("", "X-Early: yes")
    ),
}


@any_proxy
@pytest.mark.parametrize("script", WRONG_PROXIES.values(), ids=WRONG_PROXIES)
@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_row_30_proxy_that_answers_wrongly(websocket, serve_raw, serve, scheme, script):
    proxy = await serve_raw(script)
    target = f"{scheme}://127.0.0.1:9/"
    error = await fail_with(websocket, target, proxy=option(proxy))
    assert (error.code, error.stage) == (200, "proxy"), error
    await proxy.ended()
    websocket.nothing_more()
    await websocket.open((await serve()).url())


@any_proxy
async def test_row_30_200_then_garbage(websocket, serve_raw):
    """What comes once the upgrade was asked for is the server's answer, as far as anyone can tell."""

    async def garbage(peer):
        await peer.read_request()
        await peer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await peer.read_request()
        await peer.write(bytes(range(256)) * 20 + b"\r\n\r\n")
        await peer.read_to_end()

    proxy = await serve_raw(garbage)
    error = await fail_with(websocket, "ws://127.0.0.1:9/", proxy=option(proxy))
    assert (error.code, error.stage) == (200, "handshake")
    await proxy.ended()


@any_proxy
@pytest.mark.config("ConnectTimeout=500ms\n")
@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\nX-Y: z\r\n"], ids=["nothing", "part", "no end"]
)
async def test_row_30_proxy_that_never_answers(websocket, serve_raw, answer):
    proxy = await serve_raw(_answers(answer))
    error = await fail_with(websocket, "ws://127.0.0.1:9/", proxy=option(proxy))
    assert error.code == 200 and error.stage in ("proxy", "handshake"), error
    await proxy.ended()
    websocket.nothing_more()


@any_proxy
async def test_row_30_close_while_the_proxy_does_not_answer(websocket, serve_raw):
    proxy = await serve_raw(_answers(b""))
    await connect(websocket, "ws://127.0.0.1:9/", proxy=option(proxy))
    peer = await proxy.connected()
    await websocket.close(1000, "")
    assert (await websocket.next()).stage == "cancelled"
    await proxy.ended()
    assert peer.request_line in (None, "CONNECT 127.0.0.1:9 HTTP/1.1")


@any_proxy
async def test_row_25_the_request_to_the_proxy(websocket, serve_raw, serve, authority):
    """The application's headers and the credentials for the target are not the proxy's affair."""
    proxy = await serve_raw(_relay)
    server = await serve(ssl=authority.server_context("server", "127.0.0.1"))
    await open_with(
        websocket,
        f"wss://user:password@127.0.0.1:{server.port}/secret?token=1",
        proxy=option(proxy),
        header={"X-Private": "yes"},
        ca=read_bytes(authority.path),
    )
    peer = await proxy.connected()
    assert peer.request_line == f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
    assert peer.fields["host"] == f"127.0.0.1:{server.port}"
    assert not {"x-private", "authorization", "proxy-authorization", "sec-websocket-key"} & set(peer.fields)
    assert (await server.accepted()).headers["X-Private"] == "yes"
