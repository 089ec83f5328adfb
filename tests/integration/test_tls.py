# SPDX-License-Identifier: LGPL-2.1-or-later
"""wss with the system's trust (ACCEPTANCE rows 12 and 19)."""

import ssl

import pytest

from harness import frames
from harness.application import Close, Error, HeaderReceive, Message, Open
from harness.certificates import Authority
from harness.listening_program import own_host
from harness.openssl_server import OpensslServer

pytestmark = pytest.mark.usefixtures("needs_names")

HOST = "chat.example.test"


async def test_row_19_trusted_certificate(websocket, serve, authority):
    server = await serve(ssl=authority.server_context("good", HOST))
    await websocket.open(server.url(host=HOST))
    await websocket.echo("over TLS")
    assert (await server.accepted()).headers["Host"] == f"{HOST}:{server.port}"
    assert await websocket.property("TlsVersion") == "1.3"
    assert await websocket.property("TlsCipher") != ""


async def test_row_19_certificate_for_an_address(websocket, serve, authority):
    server = await serve(ssl=authority.server_context("address", "127.0.0.1"))
    await websocket.open(server.url())


async def test_row_19_large_messages_over_tls(websocket, serve, authority):
    server = await serve(ssl=authority.server_context("good", HOST))
    await websocket.open(server.url(host=HOST))
    for size in (2**20, 70000, 2**22):
        await websocket.send(b"\x5a" * size)
    for size in (2**20, 70000, 2**22):
        assert await websocket.next(Message) == Message(b"\x5a" * size)


async def test_row_19_wrong_name(websocket, serve, authority):
    server = await serve(ssl=authority.server_context("wrong", "other.example.test"))
    error = await websocket.fail(server.url(host=HOST))
    assert (error.code, error.stage) == (200, "tls")
    assert not server.connections


async def test_row_19_unknown_authority(websocket, serve, directory):
    server = await serve(ssl=Authority(directory, "stranger").server_context("unknown", HOST))
    error = await websocket.fail(server.url(host=HOST))
    assert (error.code, error.stage) == (200, "tls")
    assert not server.connections


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_row_23_server_of_tls_1_1_only(websocket, serve, authority):
    context = authority.server_context("old", HOST)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = await serve(ssl=context)
    error = await websocket.fail(server.url(host=HOST))
    assert (error.code, error.stage) == (200, "tls")
    assert not server.connections


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_no_session_is_resumed(websocket, serve, authority, version):
    """GIO would resume whatever session the process has had with the server, whoever's it was."""
    context = authority.server_context("good", HOST)
    context.minimum_version = context.maximum_version = version
    server = await serve(ssl=context)
    for _ in range(3):
        await websocket.open(server.url(host=HOST))
        await websocket.echo("with it comes the server's offer to resume")
        await websocket.close(1000, "")
        await websocket.next(Close)
    sessions = context.session_stats()
    assert (sessions["accept_good"], sessions["hits"]) == (3, 0)


async def test_renegotiation_once_open(websocket, authority):
    """Another handshake could change who the peer is. It ends the connection."""
    server = await OpensslServer.start(*authority.issue("renegotiating", "127.0.0.1"))
    try:
        await websocket.connect(server.url())
        await server.accept()
        await websocket.next(HeaderReceive)
        assert await websocket.next(Open) == Open()
        await server.write(frames.frame(frames.TEXT, b"before"))
        assert await websocket.next(Message) == Message("before")
        await server.renegotiate()
        error = await websocket.next(Error)
        assert (error.code, error.stage) == (200, "protocol")
        assert "handshake" in error.message
        assert await websocket.next(Close) == Close(1006, "")
        websocket.nothing_more()
    finally:
        await server.stop()


async def test_row_12_default_port_of_wss(websocket, serve, authority):
    try:
        server = await serve(host=own_host(), port=443, ssl=authority.server_context("plain", own_host()))
    except PermissionError:
        pytest.skip("needs root: a server on port 443")
    await websocket.open(f"wss://{own_host()}/")
    assert (await server.accepted()).headers["Host"] == own_host()
