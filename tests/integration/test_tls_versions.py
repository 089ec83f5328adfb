# SPDX-License-Identifier: LGPL-2.1-or-later
"""Versions of TLS, with nginx in front, and what is said about a certificate that is not accepted (ACCEPTANCE
rows 19 and 23)."""

import asyncio
import ssl

import pytest

from harness.application import refused
from harness.certificates import Authority
from harness.client_certificates import issue, read_bytes, self_signed, server_context
from harness.connect_options import connect, fail_with, open_with
from harness.listening_program import needs_program
from harness.nginx import Nginx

HOST = "chat.example.test"


@pytest.fixture
async def nginx(servers, serve, directory, authority):
    """Starts nginx with one TLS version in front of a server: nginx(version)."""

    async def start(version):
        upstream = await serve()
        servers.append(await Nginx(directory, version, authority.issue, upstream.port).start())
        return servers[-1]

    return start


@needs_program("nginx")
@pytest.mark.parametrize("version, shown", [("TLSv1.2", "1.2"), ("TLSv1.3", "1.3")])
async def test_row_23_nginx_in_front(websocket, nginx, authority, version, shown):
    front = await nginx(version)
    await open_with(websocket, front.url("/front"), ca=read_bytes(authority.path))
    await websocket.echo("through nginx")
    await websocket.echo(b"\xa5" * 2**20)
    assert await websocket.property("TlsVersion") == shown
    await websocket.close(1000, "")
    await front.logged(f"{version} /front 101")


@needs_program("nginx")
async def test_row_23_least_version_1_3(websocket, nginx, authority):
    front = await nginx("TLSv1.3")
    await open_with(websocket, front.url(), ca=read_bytes(authority.path), minTlsVersion="1.3")
    await websocket.echo("through nginx")


@needs_program("nginx")
async def test_row_23_least_version_1_3_and_a_server_of_1_2(websocket, nginx, authority):
    front = await nginx("TLSv1.2")
    ca = read_bytes(authority.path)
    error = await fail_with(websocket, front.url("/least"), ca=ca, minTlsVersion="1.3")
    assert (error.code, error.stage) == (200, "tls")
    websocket.nothing_more()
    await open_with(websocket, front.url("/after"), ca=ca, minTlsVersion="1.2")
    await websocket.close(1000, "")
    await front.logged("/after")
    assert "/least" not in front.log()


@pytest.mark.parametrize("version", ["", "1.1", "1.4", "TLSv1.3", "2"])
async def test_row_23_least_version_is_1_2_or_1_3(websocket, version):
    await refused(401, connect(websocket, "wss://127.0.0.1:1/", minTlsVersion=version))


async def _handshake(server, context):
    """By Python's TLS, to see that the server does speak the version."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
    version = writer.get_extra_info("ssl_object").version()
    writer.close()
    return version


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    "version, name",
    [(ssl.TLSVersion.TLSv1, "TLSv1"), (ssl.TLSVersion.TLSv1_1, "TLSv1.1")],
    ids=["1.0", "1.1"],
)
async def test_row_23_server_of_an_old_version_only(websocket, serve, authority, version, name):
    server_side = authority.server_context("old", "127.0.0.1")
    client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_side.check_hostname = False
    client_side.verify_mode = ssl.CERT_NONE
    for context in (server_side, client_side):
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    server = await serve(ssl=server_side)
    assert await _handshake(server, client_side) == name
    error = await fail_with(websocket, server.url(), ca=read_bytes(authority.path))
    assert (error.code, error.stage) == (200, "tls")
    assert not server.connections


def _wrong_name(authority, _directory):
    return authority.issue("wrong", "other.example.test")


def _expired(authority, _directory):
    return issue(authority, "expired", days=-1, extension=f"subjectAltName=DNS:{HOST}")


def _self_signed(_authority, directory):
    return self_signed(directory, HOST)


def _unknown_authority(_authority, directory):
    return Authority(directory, "stranger").issue("unknown", HOST)


@pytest.mark.parametrize(
    "make, said",
    [
        (_wrong_name, "another name"),
        (_expired, "expired"),
        (_self_signed, "self-signed"),
        (_unknown_authority, "authority is unknown"),
    ],
    ids=["wrong name", "expired", "self-signed", "unknown authority"],
)
async def test_row_19_the_message_says_what_is_wrong(
    needs_names, websocket, serve, authority, directory, make, said
):
    server = await serve(ssl=server_context(*make(authority, directory)))
    error = await websocket.fail(server.url(host=HOST))
    assert (error.code, error.stage) == (200, "tls")
    assert said in error.message
    others = {"another name", "expired", "self-signed", "authority is unknown"} - {said}
    assert not [other for other in others if other in error.message], error.message
    assert not server.connections
    websocket.nothing_more()
