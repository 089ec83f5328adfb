# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates so many or so large that to verify them would hold everybody up. Here they are just over the limit, and
everything else about them is right: whoever verifies them after all connects."""

import ssl

import pytest

from harness.application import refused
from harness.certificates import Authority
from harness.client_certificates import issue, read_bytes, self_signed, server_context
from harness.connect_options import connect, fail_with, open_with

VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
ADDRESS = "subjectAltName=IP:127.0.0.1"
MOST = 16  # certificates of a server

# 4 KiB are too much: a unit takes 75 bytes.
USUAL_NAME, LARGE_NAME = (f"/OU={'u' * 64}" * count + "/CN=large" for count in (50, 60))
# As are 32 KiB: the name of a host takes 27.
USUAL_HOSTS, LARGE_HOSTS = (
    ADDRESS + "".join(f",DNS:{number:04}.large.example.test" for number in range(count)) for count in (1000, 1500)
)


@pytest.fixture
def stranger(directory):
    """An authority that the system does not know, and the application does."""
    return Authority(directory, "stranger")


@pytest.fixture
async def connect_to(websocket, serve, stranger):
    """Starts a server with the certificates of a file, and gives the error of connecting to it, or None."""

    async def connected(certificates, key, version, opens):
        context = server_context(certificates, key)
        context.minimum_version = context.maximum_version = version
        url = (await serve(ssl=context)).url()
        if opens:
            await open_with(websocket, url, ca=read_bytes(stranger.path))
            return
        error = await fail_with(websocket, url, ca=read_bytes(stranger.path))
        assert (error.code, error.stage) == (200, "tls")
        assert error.message == "Unacceptable TLS certificate"

    return connected


@VERSIONS
@pytest.mark.parametrize("count", [MOST, MOST + 1])
async def test_many_certificates(connect_to, stranger, version, count):
    path, key = issue(stranger, "server", extension=ADDRESS)
    with open(path, "ab") as file:
        file.write(read_bytes(stranger.path) * (count - 1))
    await connect_to(path, key, version, opens=count == MOST)


@VERSIONS
@pytest.mark.parametrize("name, opens", [(USUAL_NAME, True), (LARGE_NAME, False)], ids=["usual", "large"])
async def test_large_name(connect_to, stranger, version, name, opens):
    chain = issue(stranger, "server", extension=ADDRESS, subject=name)
    await connect_to(*chain, version, opens)


@VERSIONS
@pytest.mark.parametrize("hosts, opens", [(USUAL_HOSTS, True), (LARGE_HOSTS, False)], ids=["usual", "large"])
async def test_large_certificate(connect_to, stranger, version, hosts, opens):
    chain = issue(stranger, "server", extension=hosts)
    await connect_to(*chain, version, opens)


async def test_server_that_nobody_vouches_for(websocket, serve, directory):
    """It is not for being known to anybody that a server could hold everybody up."""
    chain = self_signed(directory, "chat.example.test", subject=LARGE_NAME)
    error = await websocket.fail((await serve(ssl=server_context(*chain))).url())
    assert (error.code, error.stage, error.message) == (200, "tls", "Unacceptable TLS certificate")


async def test_ca_of_a_large_name(websocket, directory):
    certificate, _ = self_signed(directory, "authority", subject=LARGE_NAME)
    message = await refused(2302002, connect(websocket, "wss://127.0.0.1:1/", ca=read_bytes(certificate)))
    assert "4 KiB" in message


async def test_large_ca(websocket, stranger):
    certificate, _ = issue(stranger, "large", extension=LARGE_HOSTS + LARGE_HOSTS.removeprefix(ADDRESS))
    message = await refused(2302002, connect(websocket, "wss://127.0.0.1:1/", ca=read_bytes(certificate)))
    assert "48 KiB" in message
