# SPDX-License-Identifier: LGPL-2.1-or-later
"""Certificates whose public keys have numbers so large that GnuTLS would compute with them for hours. Here they are just
over the limit, and everything else about them is right: whoever computes with them after all connects."""

import ssl

import pytest

from harness.application import refused
from harness.certificates import Authority
from harness.client_certificates import issue, read_bytes, self_signed, server_context
from harness.connect_options import connect, fail_with, open_with

VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
LARGE = "RSA with a long exponent"


def context_of(certificate, key, version):
    context = server_context(certificate, key)
    context.minimum_version = context.maximum_version = version
    return context


@pytest.fixture
def stranger(directory):
    """An authority that the system does not know, and the application does."""
    return Authority(directory, "stranger")


@VERSIONS
async def test_server_with_an_authority_of_the_applications(websocket, serve, stranger, version):
    chain = issue(stranger, "large", LARGE, extension="subjectAltName=IP:127.0.0.1")
    server = await serve(ssl=context_of(*chain, version))
    error = await fail_with(websocket, server.url(), ca=read_bytes(stranger.path))
    assert (error.code, error.stage) == (200, "tls")
    assert not server.connections
    usual = issue(stranger, "usual", "RSA", extension="subjectAltName=IP:127.0.0.1")
    await open_with(websocket, (await serve(ssl=context_of(*usual, version))).url(), ca=read_bytes(stranger.path))


async def test_server_that_nobody_vouches_for(websocket, serve, directory):
    """Its signature is not verified before its certificate, though that comes first in TLS 1.3."""
    chain = self_signed(directory, "chat.example.test", LARGE)
    server = await serve(ssl=context_of(*chain, ssl.TLSVersion.TLSv1_3))
    error = await websocket.fail(server.url())
    assert (error.code, error.stage) == (200, "tls")
    assert "public key" in error.message
    assert "certificate" not in error.message


@VERSIONS
@pytest.mark.policy(
    "[user *]\nPermissions=INTERNET\nAllowDomains=*:*\nAllowLocalAddresses=yes\nSkipCertificateCheck=yes\n"
)
async def test_server_whose_certificate_is_not_checked(websocket, serve, service, directory, version):
    service.expected_reports.append("is not checked")
    chain = self_signed(directory, "chat.example.test", LARGE)
    error = await websocket.fail((await serve(ssl=context_of(*chain, version))).url())
    assert (error.code, error.stage) == (200, "tls")
    assert "public key" in error.message


async def test_ca(websocket, directory):
    certificate, _ = self_signed(directory, "authority", LARGE)
    message = await refused(2302002, connect(websocket, "wss://127.0.0.1:1/", ca=read_bytes(certificate)))
    assert "public key" in message
